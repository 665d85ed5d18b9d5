#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "faults/network/kernel_networks.h"
#include "faults/network/network_fault.h"
#include "harness/cli/commands.h"
#include "harness/cli/scenario_files.h"
#include "harness/cli/terminal.h"
#include "harness/coordinator/capacity_seconds.h"
#include "reports/capacity/capacity_options.h"
#include "scenarios/plan/plan.h"

namespace squall::cli {
namespace {

/// What a network fault would do to this machine as it is now.
Result<faults::NetworkPlan> plan_here(const faults::NetworkFault& fault,
                                      faults::Networks& networks) {
  if (fault.namespace_of) {
    return error(std::errc::not_supported, "its process is found when the run has begun");
  }
  SQUALL_TRY(const auto space,
             fault.namespace_name ? networks.of_name(*fault.namespace_name) : networks.own());
  const faults::NetworkSite site{networks, faults::Capabilities::all(), space, "PID_TICKS_1"};
  SQUALL_TRY(const auto facts, faults::look_around(site));
  return faults::plan_network(fault, facts, site.name);
}

/// Each step of every network fault and of its undo, as lines of tc, ip and nft.
void print_network_steps(const scenarios::Scenario& scenario) {
  faults::KernelNetworks networks;
  for (const faults::FaultSpec& spec : scenario.faults) {
    const auto* fault = std::get_if<faults::NetworkFault>(&spec.what);
    if (fault == nullptr) continue;
    fmt::print("steps of {}\n", spec.name);
    const auto planned = plan_here(*fault, networks);
    if (!planned) {
      fmt::print("  not known here: {}\n", planned.error().message());
      continue;
    }
    for (const faults::NetworkChange& change : planned->changes) {
      std::istringstream lines(change.line);
      for (std::string line; std::getline(lines, line);) fmt::print("  {}\n", line);
    }
    for (const std::string& line : planned->undo_lines) fmt::print("  undo: {}\n", line);
    for (const std::string& note : planned->notes) fmt::print("  note: {}\n", note);
  }
}

}  // namespace

int plan(const PlanCommand& command) {
  const ScenarioFiles read = read_scenarios(command.scenarios);
  if (const auto* mistakes = std::get_if<1>(&read)) {
    print_mistakes(*mistakes);
    return kExitUsage;
  }
  for (const ScenarioFile& file : std::get<0>(read)) {
    const scenarios::Scenario& scenario = file.parsed.scenario;
    const auto compiled = scenarios::compile(scenario);
    if (!compiled) {
      fmt::print(stderr, "{}: {}\n", file.path, compiled.error().trail);
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
    if (!command.json) print_network_steps(scenario);
  }
  return kExitOk;
}

}  // namespace squall::cli
