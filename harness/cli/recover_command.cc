#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "faults/core/recover.h"
#include "faults/process/procfs_table.h"
#include "harness/agent/state_directory.h"
#include "harness/cli/commands.h"
#include "reports/judge/run_result.h"

namespace squall::cli {

int recover(const RecoverCommand& command) {
  const auto state = agent::state_directory();
  if (!state) {
    fmt::print(stderr, "squall recover: {}\n", state.error().message());
    return kExitError;
  }
  faults::ProcfsTable processes;
  const auto report = faults::recover(*state / "journals", processes, {.dry_run = command.dry_run});
  if (!report) {
    fmt::print(stderr, "squall recover: {}\n", report.error().message());
    return kExitError;
  }
  const auto lines = report->in_words();
  if (command.quiet) {
    for (const std::string& trouble : report->troubles) fmt::print(stderr, "{}\n", trouble);
  } else if (command.json) {
    const nlohmann::ordered_json json = {{"clean", report->is_clean()}, {"changes", lines}};
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (lines.empty()) {
    fmt::print("nothing to undo\n");
  } else {
    for (const std::string& line : lines) fmt::print("{}\n", line);
  }
  return report->is_clean() || command.dry_run ? kExitOk
                                               : reports::exit_code(reports::Verdict::kResidue);
}

}  // namespace squall::cli
