#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "faults/core/recover.h"
#include "faults/network/kernel_networks.h"
#include "faults/network/network_undo.h"
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
  faults::KernelNetworks networks;
  auto report = faults::recover(*state / "journals", processes,
                                {.dry_run = command.dry_run, .networks = &networks});
  if (!report) {
    fmt::print(stderr, "squall recover: {}\n", report.error().message());
    return kExitError;
  }
  const auto is_alive = [&](pid_t pid, std::uint64_t start_ticks) {
    const auto owner = processes.look_at({pid, start_ticks});
    return owner && owner->is_alive();
  };
  const auto by_name = faults::take_back_by_name(networks, command.dry_run, is_alive);
  for (const std::string& trouble : by_name.troubles) report->troubles.push_back(trouble);
  auto lines = report->in_words();
  for (const std::string& what : by_name.done) {
    lines.push_back(what + (command.dry_run ? ": would be removed" : ": removed") +
                    " (no journal tells of it)");
  }
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
