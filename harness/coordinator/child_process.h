#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::coordinator {

/// Another process, of this program or of ssh, that runs as our child, in a process group of its
/// own, so that a Ctrl-C in the terminal reaches the coordinator alone.
///
/// Lifecycle:  start → (wait_until) → destroy, which kills what is left; an agent's reaper then
///             undoes what it had in force.
/// Threads:    one owner at a time.
/// Errors:     start() fails when the program cannot be run.
class ChildProcess {
 public:
  /// The program is looked for in PATH where it is named without a folder.
  static Result<ChildProcess> start(const std::vector<std::string>& command);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  /// How it ended ("exited with status 1", "killed by SIGKILL"), waiting for it until `deadline`.
  std::optional<std::string> wait_until(Instant deadline);
  /// With what it exited, once it has; not when a signal ended it.
  std::optional<int> exit_status() const { return exit_status_; }
  /// Ends it by SIGKILL, if it has not ended, and waits for that.
  void kill();
  pid_t pid() const { return pid_; }

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_ = -1;  // -1 once it was waited for: the number may belong to another by then.
  std::string ending_;
  std::optional<int> exit_status_;
};

}  // namespace squall::coordinator
