#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "faults/core/audit.h"
#include "faults/core/in_force.h"
#include "faults/core/recover.h"
#include "faults/network/kernel_networks.h"
#include "faults/network/network_undo.h"
#include "faults/process/frozen_cgroup.h"
#include "faults/process/procfs_table.h"
#include "harness/agent/state_directory.h"
#include "harness/cli/commands.h"
#include "reports/judge/run_result.h"

namespace squall::cli {
namespace {

void write_audit(const std::filesystem::path& state,
                 const std::vector<faults::AuditEntry>& entries) {
  for (const faults::AuditEntry& entry : entries) {
    auto kept = faults::append_audit(faults::audit_file(state), entry);
    if (!kept) return fmt::print(stderr, "squall recover: {}\n", kept.error().message());
  }
}

/// Of what cannot be found by a name.
std::vector<std::string> stopped_in_words(const std::filesystem::path& journals,
                                          faults::ProcessTable& processes) {
  const auto known = faults::in_force(journals, processes);
  if (!known) return {};
  const auto stopped = faults::stopped_by_somebody(*known, processes);
  if (!stopped) return {};
  std::vector<std::string> lines;
  for (const faults::ProcessInfo& one : *stopped) lines.push_back(faults::describe_stopped(one));
  return lines;
}

}  // namespace

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
  auto by_name = faults::take_back_by_name(networks, command.dry_run, is_alive);
  auto hung = faults::take_back_hung_by_name(processes, command.dry_run, is_alive);
  std::move(hung.done.begin(), hung.done.end(), std::back_inserter(by_name.done));
  std::move(hung.troubles.begin(), hung.troubles.end(), std::back_inserter(by_name.troubles));
  // What a journal tells of is told once: a dry run finds it by its name, too.
  std::erase_if(by_name.done, [&](const std::string& what) {
    return std::any_of(report->changes.begin(), report->changes.end(), [&](const auto& change) {
      return change.outcome == faults::RecoveredChange::Outcome::kWouldUndo &&
             std::find(change.names.begin(), change.names.end(), what) != change.names.end();
    });
  });
  for (const std::string& trouble : by_name.troubles) report->troubles.push_back(trouble);
  auto lines = report->in_words();
  if (!command.dry_run) {
    auto entries = faults::audit_of(*report, "recover");
    for (const std::string& what : by_name.done) {
      entries.push_back({.what = "recover.undone",
                         .run = {},
                         .subject = what,
                         .asked = {},
                         .detail = "no journal tells of it"});
    }
    write_audit(*state, entries);
  }
  for (const std::string& what : by_name.done) {
    lines.push_back(what + (command.dry_run ? ": would be removed" : ": removed") +
                    " (no journal tells of it)");
  }
  const auto stopped = stopped_in_words(*state / "journals", processes);
  if (command.quiet) {
    for (const std::string& trouble : report->troubles) fmt::print(stderr, "{}\n", trouble);
  } else if (command.json) {
    const nlohmann::ordered_json json = {
        {"clean", report->is_clean()}, {"changes", lines}, {"stopped", stopped}};
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    if (lines.empty()) lines.emplace_back("nothing to undo");
    lines.insert(lines.end(), stopped.begin(), stopped.end());
    for (const std::string& line : lines) fmt::print("{}\n", line);
  }
  return report->is_clean() || command.dry_run ? kExitOk
                                               : reports::exit_code(reports::Verdict::kResidue);
}

}  // namespace squall::cli
