#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "faults/core/recover.h"
#include "harness/base/result.h"

namespace squall::faults {

/// One line of the audit log: something that was done to this machine, or found out about it.
struct AuditEntry {
  std::string what;     ///< "run.begun", "fault.applied", "fault.undone", "recover.undone" …
  std::string run;      ///< The run's id; empty: none.
  std::string subject;  ///< The label of the fault, the scenario, the journal.
  std::string asked;    ///< What was asked for, in words.
  std::string detail;   ///< What was seen of it.
};

/// The log of everybody who uses the folder `state`, of which journals are one part.
std::filesystem::path audit_file(const std::filesystem::path& state);

/// Adds `entry` to `file` as one line of JSON, with the time (UTC), the process, and its user and,
/// where the system knows it, the one who logged in (/proc/self/loginuid, proc_pid_loginuid(5)).
///
/// The file is made where it is missing, for this user only, and is never read, shortened or kept
/// open: it may be moved away at any time. One write each, so that lines of several processes do
/// not mix. Any thread may call it. Fails when the file cannot be written.
Result<void> append_audit(const std::filesystem::path& file, const AuditEntry& entry);

/// What `report` undid, one entry for each change and trouble; `who` says on whose behalf:
/// "reaper", "recover", "agent".
std::vector<AuditEntry> audit_of(const RecoveryReport& report, const std::string& who);

}  // namespace squall::faults
