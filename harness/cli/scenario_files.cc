#include "harness/cli/scenario_files.h"

#include <cstdio>
#include <utility>

#include <fmt/format.h>

namespace squall::cli {

ScenarioFiles read_scenarios(const ScenarioOptions& options) {
  scenarios::ParseOptions parse_options;
  parse_options.squall_program = this_program();
  parse_options.left_out = options.left_out;
  std::vector<scenarios::Mistake> mistakes;
  for (const std::string& set : options.sets) {
    const std::size_t equals = set.find('=');
    if (equals == std::string::npos || equals == 0) {
      mistakes.push_back(
          {.file = "--set " + set, .message = "expected path=value, such as vars.port=9443"});
      continue;
    }
    parse_options.overrides.push_back(
        {.path = set.substr(0, equals), .value = set.substr(equals + 1)});
  }

  std::vector<ScenarioFile> files;
  for (const std::string& path : options.files) {
    scenarios::ParseOutcome outcome = scenarios::parse_file(path, parse_options);
    if (auto* found = std::get_if<std::vector<scenarios::Mistake>>(&outcome)) {
      mistakes.insert(mistakes.end(), found->begin(), found->end());
    } else {
      files.push_back({.path = path, .parsed = std::get<0>(std::move(outcome))});
    }
  }
  if (!mistakes.empty()) return mistakes;
  return files;
}

void print_mistakes(const std::vector<scenarios::Mistake>& mistakes) {
  for (const scenarios::Mistake& mistake : mistakes) {
    fmt::print(stderr, "{}\n", mistake.text());
  }
}

}  // namespace squall::cli
