// What a conductor hears of faults, and does about them when an agent is lost.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/log.h"
#include "harness/control/convert.h"
#include "harness/control/lease.h"
#include "harness/coordinator/conductor.h"
#include "harness/coordinator/fault_merge.h"
#include "scenarios/parse/words.h"

namespace squall::coordinator {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr Duration kRecoverWithin = 15s;

bool is_injected_by(const reports::FaultRecord& fault, const std::string& agent) {
  return std::find(fault.on.begin(), fault.on.end(), agent) != fault.on.end();
}

}  // namespace

void Conductor::take_fault(Seat& seat, const wire::FaultState& message) {
  reports::FaultRecord seen = control::from_message(message);
  for (reports::FaultRecord& fault : record_.faults) {
    if (fault.label != seen.label) continue;
    seen.name = fault.name;
    seen.on = {seat.name};
    if (seen.asked.empty()) seen.asked = fault.asked;
    seat.faults[seen.label] = seen;
    fault = merged(fault.label);
    return;
  }
  log_debug(seat.name + " tells of a fault that is not in the plan: " + message.label());
}

reports::FaultRecord Conductor::merged(const std::string& label) const {
  std::vector<reports::FaultRecord> told;
  for (const Seat& one : seats_) {
    const auto found = one.faults.find(label);
    if (found != one.faults.end()) told.push_back(found->second);
  }
  return merge(told);
}

void Conductor::leave_to_its_reaper(Seat& seat) {
  const Duration within = record_.scenario.safety.lease + control::kHangs;
  for (auto& [label, own] : seat.faults) {
    if (own.state != reports::FaultRecord::State::kInForce) continue;
    own.error = fmt::format(
        "whether it was undone is not known: {} was lost with it in force, and its reaper undoes "
        "it there within {:.1f} s: look with squall recover --dry-run",
        seat.name, to_seconds(within));
    for (reports::FaultRecord& fault : record_.faults) {
      if (fault.label == label) fault = merged(label);
    }
  }
}

void Conductor::recover_faults_of(Seat& seat) {
  if (roll_) return leave_to_its_reaper(seat);
  const auto is_open = [&seat](const reports::FaultRecord& fault) {
    return fault.state == reports::FaultRecord::State::kInForce && is_injected_by(fault, seat.name);
  };
  // Its reaper is at work by now; `squall recover` waits for it, and does what it could not.
  auto recovery = ChildProcess::start({options_.squall_program, "recover", "--quiet"});
  if (!recovery || recovery->wait_until(Clock::now() + kRecoverWithin) != "exited with status 0") {
    record_.errors.push_back("what " + seat.name + " had in force could not be seen undone");
    return;
  }
  for (reports::FaultRecord& fault : record_.faults) {
    if (!is_open(fault)) continue;
    fault.state = reports::FaultRecord::State::kUndone;
    fault.to = elapsed();
    put_event("fault.undone", fault.label, "by recovery, after " + seat.name + " was lost");
  }
}

Result<void> Conductor::stop_fault(const std::string& name, const std::string& text) {
  const auto no = [&name](const std::string& why) {
    return error(std::errc::invalid_argument, "fault " + name + ": " + why);
  };
  std::vector<std::string> names;
  for (const auto& fault : record_.scenario.faults) names.push_back(fault.name);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    return no("the scenario has none of this name" + scenarios::hint(name, names));
  }
  if (record_.scenario.capacity) return no("it is the search's to begin and to end");
  std::vector<std::string> lost;  // They cannot be told.
  for (const Seat& seat : seats_) {
    if (seat.state == Seat::State::kLost && seat.may_have_in_force(name)) {
      lost.push_back(seat.name);
    }
  }
  bool is_stopped = false;
  bool has_begun = false;
  bool is_in_force = false;
  bool is_awaited = false;  // Its time has come, and it has not been told of yet.
  std::optional<Duration> next;
  for (std::size_t i = 0; i < record_.faults.size(); ++i) {
    const reports::FaultRecord& fault = record_.faults[i];
    is_stopped = is_stopped || (fault.name == name && fault.is_stopped);
    if (fault.name != name || fault.is_stopped) continue;
    has_begun = has_begun || fault.from;
    is_in_force = is_in_force || (fault.from && !fault.to);
    const Duration planned = record_.plan.faults[i].from;
    if (fault.state != reports::FaultRecord::State::kPlanned) continue;
    if (planned > elapsed()) next = std::min(next.value_or(planned), planned);
    is_awaited = is_awaited || planned <= elapsed();
  }
  if (!is_in_force && !is_awaited && !has_begun && next) {
    return no(fmt::format("it is not in force: it begins at {:.1f} s", to_seconds(*next)));
  }
  if (!is_in_force && !is_awaited && !next) {
    if (!lost.empty()) {
      return no(
          fmt::format("{} {} lost and cannot be told: what it may have in force its own reaper "
                      "undoes there, and squall recover --dry-run there tells",
                      fmt::join(lost, ", "), lost.size() == 1 ? "is" : "are"));
    }
    return no(is_stopped ? "an operator has stopped it already" : "it is not in force any more");
  }
  for (reports::FaultRecord& fault : record_.faults) {
    // What is in force says so itself again when it has been undone.
    const bool is_open = !fault.to && fault.state != reports::FaultRecord::State::kFailed;
    if (fault.name == name && is_open) fault.is_stopped = true;
  }
  wire::ToAgent order;
  order.mutable_stop_fault()->set_fault(name);
  tell_all(order);
  put_event("run.changed", name, text);
  return {};
}

}  // namespace squall::coordinator
