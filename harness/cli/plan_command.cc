#include <chrono>
#include <cstddef>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "faults/network/capabilities.h"
#include "faults/network/kernel_networks.h"
#include "faults/network/network_fault.h"
#include "faults/network/network_obstacles.h"
#include "faults/network/own_peers.h"
#include "faults/network/rehearsal.h"
#include "harness/base/reason.h"
#include "harness/cli/commands.h"
#include "harness/cli/material.h"
#include "harness/cli/plan_steps.h"
#include "harness/cli/scenario_files.h"
#include "harness/cli/terminal.h"
#include "harness/coordinator/capacity_seconds.h"
#include "reports/capacity/capacity_options.h"
#include "scenarios/plan/notes.h"
#include "scenarios/plan/plan.h"
#include "scenarios/plan/windows.h"

namespace squall::cli {
namespace {

/// Whether the place of a fault is a process's, or its packets are: these are there in the run.
bool is_found_later(const faults::NetworkFault& fault) {
  return fault.namespace_of || (fault.of && fault.of->service);
}

/// This machine where a network fault would be, as it is now, were its kernel able to do all.
Result<faults::NetworkFacts> look_here(const faults::NetworkFault& fault,
                                       faults::Networks& networks) {
  SQUALL_TRY(const auto space,
             fault.namespace_name ? networks.of_name(*fault.namespace_name) : networks.own());
  const faults::NetworkSite site{.networks = networks,
                                 .capabilities = faults::Capabilities::all(),
                                 .space = space,
                                 .name = "",
                                 .protected_peers = faults::own_peers()};
  return faults::look_around(site, fault);
}

/// What one application of a network fault would do here, beside the others.
struct StepsHere {
  const faults::FaultSpec* spec = nullptr;
  std::string label;
  Result<faults::NetworkPlan> plan;
};

/// Each application of every network fault whose place is known before the run.
std::vector<StepsHere> plan_here(const scenarios::Scenario& scenario, const scenarios::Plan& plan,
                                 faults::Networks& networks) {
  std::vector<StepsHere> steps;
  std::vector<faults::RehearsedFault> rehearsed;
  std::vector<std::size_t> which;  // Of the steps.
  struct Place {
    std::string name;
    Result<faults::NetworkFacts> facts;
  };
  std::map<std::string, Place> looked;  // By fault.
  for (const scenarios::PlannedFault& planned : plan.faults) {
    const faults::FaultSpec* spec = scenario.find_fault(planned.name);
    const auto* fault = spec == nullptr ? nullptr : std::get_if<faults::NetworkFault>(&spec->what);
    if (fault == nullptr || is_found_later(*fault)) continue;
    auto here = looked.find(planned.name);
    if (here == looked.end()) {
      std::string name = "PID_TICKS_" + std::to_string(looked.size() + 1);
      here =
          looked.emplace(planned.name, Place{std::move(name), look_here(*fault, networks)}).first;
    }
    const auto& [name, facts] = here->second;
    if (!facts) {
      steps.push_back({spec, planned.label, facts.error()});
      continue;
    }
    which.push_back(steps.size());
    steps.push_back({spec, planned.label, error(std::errc::not_supported)});
    rehearsed.push_back(
        {planned.label, *fault, *facts, name, planned.from, planned.to.value_or(planned.from)});
  }
  auto plans = faults::rehearse(rehearsed);
  for (std::size_t i = 0; i < plans.size(); ++i) steps[which[i]].plan = std::move(plans[i]);
  return steps;
}

/// What this kernel cannot do of it, and that other means there are; empty when it can.
std::string shortcoming(const faults::NetworkFault& fault,
                        const Result<faults::Capabilities>& kernel) {
  if (!kernel) return "whether this kernel can do it is not known: " + kernel.error().message();
  const auto able = faults::check_capabilities(fault, *kernel);
  if (able) return {};
  return able.error().trail +
         ": a run would be refused here before its load"
         " (a 'link' fault needs nothing of the kernel)";
}

/// Each step of every fault on processes, of pressure and on a link, and of its undo.
void print_steps(const scenarios::Scenario& scenario) {
  for (const faults::FaultSpec& spec : scenario.faults) {
    const Steps steps = steps_of(spec);
    if (steps.lines.empty()) continue;
    fmt::print("steps of {}\n", spec.name);
    for (const std::string& line : steps.lines) fmt::print("  {}\n", line);
    for (const std::string& line : steps.undo_lines) fmt::print("  undo: {}\n", line);
  }
}

/// A refusal says by itself all that is wrong; what is not there yet may come before the run.
std::string why_not_planned(const Error& why) {
  for (const auto refusal : {std::errc::invalid_argument, std::errc::not_supported,
                             std::errc::device_or_resource_busy}) {
    if (why.code == refusal) return "  refused: " + why.trail + "\n";
  }
  const bool is_told = why.code == std::errc::no_such_device;
  return "  not known here: " + (is_told ? why.trail : in_words(why)) + "\n";
}

/// A command as it is to be given here, where it is for another namespace.
std::string in_space(const std::optional<std::string>& name, const std::string& line) {
  const bool is_command =
      line.starts_with("tc ") || line.starts_with("nft ") || line.starts_with("ip ");
  return name && is_command ? "ip netns exec " + *name + " " + line : line;
}

/// The steps of one application and of its undo, as lines of tc, ip and nft.
std::string text_of(const Result<faults::NetworkPlan>& planned, const faults::NetworkFault& fault) {
  if (!planned) return why_not_planned(planned.error());
  const std::optional<std::string>& space = fault.namespace_name;
  std::string text;
  for (const faults::NetworkChange& change : planned->changes) {
    std::istringstream lines(change.line);
    for (std::string line; std::getline(lines, line);) text += "  " + in_space(space, line) + "\n";
  }
  for (const std::string& line : planned->undo_lines) {
    text += "  undo: " + in_space(space, line) + "\n";
  }
  for (const std::string& note : planned->notes) text += "  note: " + note + "\n";
  for (const std::string& limit : planned->limits) text += "  note: " + limit + "\n";
  return text;
}

/// Each step of every network fault and of its undo. An application that does what one before it
/// has done is not told again.
void print_network_steps(const scenarios::Scenario& scenario, const scenarios::Plan& plan) {
  faults::KernelNetworks networks;
  std::optional<Result<faults::Capabilities>> kernel;
  const std::vector<StepsHere> all = plan_here(scenario, plan, networks);
  for (const faults::FaultSpec& spec : scenario.faults) {
    const auto* fault = std::get_if<faults::NetworkFault>(&spec.what);
    if (fault == nullptr) continue;
    if (is_found_later(*fault)) {
      fmt::print("steps of {}\n  not known before the run: {}\n", spec.name,
                 "the process that it is for is looked for when it begins");
      continue;
    }
    std::set<std::string> told;
    bool any_is_planned = false;
    for (const StepsHere& steps : all) {
      if (steps.spec != &spec) continue;
      any_is_planned = any_is_planned || steps.plan;
      const std::string text = text_of(steps.plan, *fault);
      if (told.insert(text).second) fmt::print("steps of {}\n{}", steps.label, text);
    }
    if (!any_is_planned) continue;
    if (!kernel) kernel = faults::probe_this_kernel();
    const std::string why_not = shortcoming(*fault, *kernel);
    if (!why_not.empty()) fmt::print("  note: {}\n", why_not);
  }
}

}  // namespace

int plan(const PlanCommand& command) {
  const ScenarioFiles read = read_scenarios(command.scenarios);
  if (const auto* mistakes = std::get_if<1>(&read)) {
    print_mistakes(*mistakes);
    return kExitUsage;
  }
  int code = kExitOk;
  for (const ScenarioFile& file : std::get<0>(read)) {
    const scenarios::Scenario& scenario = file.parsed.scenario;
    const auto compiled = scenarios::compile(scenario);
    if (!compiled) {
      print_mistakes({file.parsed.mistake(file.path, compiled.error().trail)});
      return kExitUsage;
    }
    fmt::print("{}\n", command.json ? scenarios::to_json(scenario, *compiled)
                                    : scenarios::draw(scenario, *compiled, terminal_columns(stdout),
                                                      shows_unicode()));
    if (scenario.capacity && !command.json) {
      const auto most = reports::estimate(coordinator::options_of(scenario));
      const bool has_rows = !scenario.matrix.empty();
      fmt::print(
          "{} takes about {} probes and {} s, if it must go far; its deadline is {:.0f} s.\n",
          has_rows ? "Each search" : "The search", most.probes, most.seconds,
          to_seconds(scenario.capacity->deadline));
    }
    // As a run would, now or at any time.
    for (const std::string& line : lasting_obstacles({file})) {
      fmt::print(stderr, "{}\n", line);
      code = kExitUsage;
    }
    if (command.json) continue;
    if (const auto why = scenarios::why_closed(scenario.safety, std::chrono::system_clock::now(),
                                               compiled->length)) {
      fmt::print("note: now the run would be refused: {}\n", *why);
    }
    for (const std::string& note : scenarios::notes_on(*compiled)) fmt::print("note: {}\n", note);
    print_steps(scenario);
    print_network_steps(scenario, *compiled);
  }
  return code;
}

}  // namespace squall::cli
