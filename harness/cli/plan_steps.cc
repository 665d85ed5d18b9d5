#include "harness/cli/plan_steps.h"

#include <csignal>
#include <optional>
#include <variant>

#include "faults/pressure/pressure_order.h"
#include "faults/process/frozen_cgroup.h"
#include "faults/spec/signals.h"
#include "scenarios/plan/phrases.h"

namespace squall::cli {
namespace {

Steps steps_of(const faults::ProcessFault& fault) {
  using Action = faults::ProcessFault::Action;
  const std::string whom = "of each process picked of " + scenarios::victims(fault.match);
  if (fault.action == Action::kRestart) {
    return {{"kill -TERM PID (" + whom + "; KILL when its time is over), then start it again"}, {}};
  }
  if (fault.action == Action::kHang) {
    const std::string ours = "GROUP/" + std::string(faults::kCgroupPrefix) + "AGENT_TICKS_N";
    return {{"mkdir " + ours + " (in the control group " + whom + ")",
             "echo PID > " + ours + "/cgroup.procs (with all that came of it)",
             "echo 1 > " + ours + "/cgroup.freeze (version 1: echo FROZEN > freezer.state)"},
            {"echo 0 > " + ours + "/cgroup.freeze (version 1: echo THAWED > freezer.state)",
             "echo PID > GROUP/cgroup.procs", "rmdir " + ours}};
  }
  Steps steps{{"kill -" + faults::signal_name(fault.signal) + " PID (" + whom + ", by pidfd)"}, {}};
  if (fault.signal == SIGSTOP) steps.undo_lines.emplace_back("kill -CONT PID");
  return steps;
}

Steps steps_of(const faults::PressureFault& fault, const std::optional<Duration>& length) {
  const auto* files = std::get_if<faults::DescriptorsPressure>(&fault.what);
  if (files != nullptr && files->of) {
    const std::string whom = "of each process of " + scenarios::victims(*files->of);
    return {{"prlimit --pid PID --nofile=FEWER: (" + whom + ", and what it has forked)"},
            {"prlimit --pid PID --nofile=BEFORE:"}};
  }
  std::string line = "squall pressure --line 3";
  for (const std::string& word :
       faults::words_of({.fault = fault, .length = length.value_or(Duration{})})) {
    line += " " + word;
  }
  return {{line}, {"kill -KILL PID (of that process)"}};
}

Steps steps_of(const faults::LinkFault& fault) {
  return {
      {"listen at " + fault.listen.value_or("127.0.0.1:PORT") + " for each URL of target " +
           fault.target + ", and connect on to it (a thread of the agent, before the load begins)",
       "lead the load there; all passes at once",
       "when the fault is due: " + scenarios::link_words(fault)},
      {"all passes at once again", "close the relay (with the agent, when the run is over)"}};
}

}  // namespace

Steps steps_of(const faults::FaultSpec& spec) {
  if (const auto* link = std::get_if<faults::LinkFault>(&spec.what)) return steps_of(*link);
  if (const auto* process = std::get_if<faults::ProcessFault>(&spec.what)) {
    return steps_of(*process);
  }
  if (const auto* pressure = std::get_if<faults::PressureFault>(&spec.what)) {
    return steps_of(*pressure, spec.length);
  }
  return {};
}

}  // namespace squall::cli
