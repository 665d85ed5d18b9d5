#include <cstdio>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "harness/cli/commands.h"
#include "harness/cli/run_files.h"
#include "harness/cli/terminal.h"
#include "reports/compare/compare.h"
#include "reports/json/comparison_json.h"
#include "reports/text/comparison.h"

namespace squall::cli {

int compare(const CompareCommand& command) {
  const auto a = read_run(command.a);
  const auto b = read_run(command.b);
  for (const auto* run : {&a, &b}) {
    if (*run) continue;
    fmt::print(stderr, "squall compare: {}\n", run->error().message());
    return kExitUsage;
  }
  const reports::Comparison comparison = reports::compare(*a, *b, compare_options(command.options));
  if (command.json) {
    fmt::print("{}", reports::write_comparison_json(comparison));
  } else {
    fmt::print("{}", reports::write_comparison(comparison, {.columns = terminal_columns(stdout),
                                                            .color = shows_color(stdout),
                                                            .unicode = shows_unicode()}));
  }
  if (std::fflush(stdout) != 0) {
    fmt::print(stderr, "squall compare: what should go to stdout could not be written\n");
    return kExitError;
  }
  return reports::exit_code(comparison.verdict);
}

reports::CompareOptions compare_options(const ComparisonOptions& given) {
  reports::CompareOptions options;
  options.tolerance = given.tolerance;
  options.anyway = given.anyway;
  return options;
}

}  // namespace squall::cli
