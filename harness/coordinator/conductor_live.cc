// What a conductor does when somebody changes a run while it goes on.
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/coordinator/conductor.h"

namespace squall::coordinator {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// From an order to when it holds: by then all agents have it.
constexpr Duration kAllHaveHeard = 500ms;
/// Who has not said so by then may be cut off; whoever asked is not kept waiting for it.
constexpr Duration kTakenWithin = 3s;

bool has_in_force(const Seat& seat, const std::string& fault) {
  return std::any_of(seat.faults.begin(), seat.faults.end(), [&fault](const auto& known) {
    return known.second.name == fault &&
           known.second.state == reports::FaultRecord::State::kInForce;
  });
}

Error no_open_load() {
  return error(std::errc::invalid_argument, "there is no open load: users of closed ones go on");
}

/// Empty where all have taken an order.
std::string why_not_done(const std::vector<std::string>& missing,
                         const std::vector<std::string>& lost) {
  std::vector<std::string> parts;
  if (!missing.empty()) {
    parts.push_back(
        fmt::format("{} did not say yet to have taken it: each does when it can be "
                    "reached, or counts as lost",
                    fmt::join(missing, ", ")));
  }
  if (!lost.empty()) {
    parts.push_back(fmt::format("{} {} lost and did not take it", fmt::join(lost, ", "),
                                lost.size() == 1 ? "is" : "are"));
  }
  return parts.empty() ? "" : fmt::format("it is ordered, but {}", fmt::join(parts, "; "));
}

}  // namespace

void Conductor::heed_orders() {
  if (!orders_) return;
  for (const LiveOrders::Asked& asked : orders_->take()) {
    if (const auto obeyed = obey(asked.text); !obeyed) {
      orders_->answer(asked, obeyed.error().trail);
      continue;
    }
    const auto order = parse_live_order(asked.text);
    Unanswered& one = unanswered_.emplace_back(Unanswered{asked, Clock::now(), {}, {}});
    for (const Seat& seat : seats_) {
      if (!seat.is_over()) {
        one.told[seat.name] = seat.orders.last();
      } else if (roll_ && order && has_in_force(seat, order->fault)) {
        one.lost.push_back(seat.name);
      }
    }
  }
  answer_orders(false);
}

void Conductor::answer_orders(bool is_end) {
  std::erase_if(unanswered_, [&](const Unanswered& one) {
    std::vector<std::string> missing;
    std::vector<std::string> lost = one.lost;
    for (const Seat& seat : seats_) {
      const auto told = one.told.find(seat.name);
      if (told == one.told.end() || seat.orders.is_taken(told->second)) continue;
      // Who ends by itself has nothing left that an order could change.
      if (seat.has_left || seat.state == Seat::State::kDone) continue;
      (seat.state == Seat::State::kLost ? lost : missing).push_back(seat.name);
    }
    if (!missing.empty() && !is_end && Clock::now() - one.since < kTakenWithin) return false;
    orders_->answer(one.asked, why_not_done(missing, lost));
    return true;
  });
}

Result<void> Conductor::obey(const std::string& text) {
  SQUALL_TRY(const LiveOrder order, parse_live_order(text));
  if (!events_.start()) return error(std::errc::invalid_argument, "its load has not begun");
  if (order.kind == LiveOrder::Kind::kStopFault) return stop_fault(order.fault, text);
  if (capacity_) return error(std::errc::invalid_argument, "the rate is the search's to change");
  if (!paces_ || stage_ != "running") {
    return error(std::errc::invalid_argument, "its load is over");
  }
  const Duration at = elapsed() + kAllHaveHeard;
  std::vector<PaceBook::Change> changes;
  switch (order.kind) {
    case LiveOrder::Kind::kRate: {
      SQUALL_TRY(PaceBook::Change change, paces_->set_rate(order.load, at, order.rate));
      changes.push_back(std::move(change));
      break;
    }
    case LiveOrder::Kind::kPause:
      if (paces_->is_empty()) return no_open_load();
      changes = paces_->pause(at);
      break;
    case LiveOrder::Kind::kResume:
      if (paces_->is_empty()) return no_open_load();
      changes = paces_->resume(at);
      break;
    case LiveOrder::Kind::kStopFault:  // Is no change of a rate.
      break;
  }
  for (const PaceBook::Change& change : changes) tell_change(change);
  put_event("run.changed", order.load.empty() ? record_.id : order.load,
            fmt::format("{}, from {:.1f} s on", text, to_seconds(at)));
  return {};
}

void Conductor::tell_change(const PaceBook::Change& change) {
  wire::ToAgent message;
  wire::Pace& pace = *message.mutable_pace();
  pace.set_load(change.load);
  pace.set_at_ns(change.at.count());
  for (const generators::Stage& stage : change.stages) {
    wire::Pace::Stage& left = *pace.add_stages();
    left.set_from_per_s(stage.from.per_second);
    left.set_to_per_s(stage.to.per_second);
    left.set_length_ns(stage.length.count());
  }
  tell_all(message);
}

void Conductor::keep_paces() {
  if (!paces_) return;
  // The plan is what was offered in the end.
  for (const auto& [name, stages] : paces_->offered()) {
    for (auto& load : record_.scenario.loads) {
      if (load.name == name) std::get<generators::OpenSpec>(load.schedule).stages = stages;
    }
  }
  paces_.reset();
  if (orders_) answer_orders(true);
  orders_.reset();
}

}  // namespace squall::coordinator
