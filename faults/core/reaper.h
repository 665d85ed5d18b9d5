#pragma once

#include <filesystem>

#include <sys/types.h>

#include "faults/network/networks.h"
#include "faults/process/process_table.h"
#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/base/units.h"

namespace squall::faults {

/// The agent's second process, which undoes the journal when the agent dies, however it dies.
///
/// It is this same program, started as `PROGRAM reaper --journal DIRECTORY --fd N`, in a session of
/// its own and as nobody's child, so that neither a signal to the agent's process group nor a
/// hang-up of its terminal reaches it. Its end of a socket pair tells it when the agent is gone,
/// and until when it means to be heard of again.
///
/// Lifecycle:  start → changes are made → end. Destroyed without end(): the reaper takes it for
///             the agent's death and undoes the journal.
/// Threads:    one owner at a time.
/// Errors:     start() succeeds only when the reaper has said that it is on guard.
class Reaper {
 public:
  /// Starts it before the first change. Must be made before anything sets this process to be a
  /// child subreaper (Services does).
  static Result<Reaper> start(const std::filesystem::path& program,
                              const std::filesystem::path& journal_directory);

  /// Unless it is told a later moment by then, the agent hangs: it is ended, and what it had in
  /// force is undone. Instant::max(): it takes as long as it takes. A reaper that is gone is
  /// noticed by is_on_guard() and end().
  void expect_until(Instant moment);
  /// The orderly end: the journal is empty. Waits until the reaper has gone, one second at most.
  Result<void> end();

  /// False once the reaper has gone: what is changed from then on nobody would undo for us. Any
  /// thread.
  bool is_on_guard() const;

  /// No fault may touch this process.
  pid_t pid() const noexcept { return pid_; }

 private:
  Reaper(UniqueFd line, pid_t pid) : line_(std::move(line)), pid_(pid) {}

  UniqueFd line_;
  pid_t pid_;
};

/// The reaper's own main: stands guard on `fd`, and undoes the journals in `journal_directory` when
/// the other end is closed without a word. Writes what it did to the audit log one folder
/// above that directory's, and what it could not undo, or write, to reaper.log beside it.
/// Returns the exit status: 0 when nothing is left, 6 for residue.
int run_reaper(int fd, const std::filesystem::path& journal_directory, ProcessTable& table,
               Networks* networks = nullptr);

}  // namespace squall::faults
