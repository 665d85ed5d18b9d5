#pragma once

#include <string>
#include <variant>
#include <vector>

#include "harness/base/result.h"
#include "harness/cli/commands.h"
#include "scenarios/parse/parse.h"

namespace squall::cli {

/// A scenario file and what it says.
struct ScenarioFile {
  std::string path;  ///< As the user wrote it.
  scenarios::ParsedScenario parsed;
};

/// The scenarios of a command line, all of them read, or all mistakes in them.
using ScenarioFiles = std::variant<std::vector<ScenarioFile>, std::vector<scenarios::Mistake>>;

/// Reads every file; what is wrong with `--set` itself is told as a mistake of "--set …".
ScenarioFiles read_scenarios(const ScenarioOptions& options);

/// Says each mistake on stderr, a line each.
void print_mistakes(const std::vector<scenarios::Mistake>& mistakes);

}  // namespace squall::cli
