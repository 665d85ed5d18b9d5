#include <cstdio>
#include <variant>

#include <fmt/format.h>

#include "harness/cli/commands.h"
#include "harness/cli/scenario_files.h"
#include "harness/cli/terminal.h"
#include "harness/coordinator/capacity_post.h"
#include "reports/capacity/capacity_options.h"
#include "scenarios/plan/plan.h"

namespace squall::cli {
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
      fmt::print(
          "The search takes about {} probes and {} s, if it must go far; its deadline is {:.0f} "
          "s.\n",
          most.probes, most.seconds, to_seconds(scenario.capacity->deadline));
    }
  }
  return kExitOk;
}

}  // namespace squall::cli
