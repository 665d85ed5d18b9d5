#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "faults/core/journal_text.h"
#include "faults/process/process_table.h"
#include "harness/base/result.h"

namespace squall::faults {

/// A change to this machine that a journal holds open.
struct ChangeInForce {
  std::filesystem::path journal;
  std::optional<JournalOwner> agent;   ///< Whose it is; none where the journal does not say.
  bool agent_lives = false;            ///< It undoes the change in time; a dead one never will.
  std::string intent;                  ///< What was done.
  std::string undo;                    ///< What takes it back, in words.
  std::optional<ProcessId> stopped{};  ///< The process that it is about, of a STOP.
};

/// What in_force() found.
struct InForce {
  std::vector<ChangeInForce> changes;
  std::vector<std::string> troubles;  ///< Journals that could not be read.
};

/// All that is in force on this machine as the journals of `directory` tell; changes nothing. What
/// was done before the machine was last started is gone with it. A change that is just being made,
/// or undone, may or may not be among them. Fails only when the directory cannot be listed.
Result<InForce> in_force(const std::filesystem::path& directory, ProcessTable& table);

/// Processes that are stopped and of which `known` does not tell: by squall, of which a journal was
/// lost, or by anybody else. A stop bears no mark.
Result<std::vector<ProcessInfo>> stopped_by_somebody(const InForce& known, ProcessTable& table);
/// What can be said of one of these.
std::string describe_stopped(const ProcessInfo& process);

}  // namespace squall::faults
