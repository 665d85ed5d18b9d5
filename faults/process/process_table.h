#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "faults/process/cgroups.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// A process that cannot be mistaken for a later one with the same pid.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< Field 22 of /proc/PID/stat (proc(5)).
  auto operator<=>(const ProcessId&) const = default;
};

/// What can be known of a process from outside.
struct ProcessInfo {
  ProcessId id;
  pid_t parent = 0;
  pid_t group = 0;    ///< Process group.
  pid_t session = 0;  ///< Session.
  char state = '?';   ///< 'R', 'S', 'T', 'Z', … (proc(5)).
  bool is_kernel_thread = false;
  std::string name;          ///< comm.
  std::string command_line;  ///< Arguments joined by spaces.

  /// False for a zombie: it does nothing any more and only waits for its parent.
  bool is_alive() const { return state != 'Z' && state != 'X' && state != 'x'; }
  bool is_stopped() const { return state == 'T'; }
};

/// How many files a process may have open (RLIMIT_NOFILE), and how many it has.
struct FilesLimit {
  std::uint64_t soft = 0;  ///< What it meets; it may raise it itself up to the hard one.
  std::uint64_t hard = 0;
  std::uint64_t open = 0;
};

/// A port on which a process listens (TCP), or which it has bound (UDP).
struct BoundPort {
  std::string transport;  ///< "tcp" or "udp".
  std::uint16_t port = 0;
  auto operator<=>(const BoundPort&) const = default;
};

/// The processes of this machine, as far as faults need them.
///
/// Cut this small so that tests can stand in for it (tests/support/fake_process_table.h); the real
/// one reads /proc and signals through pidfds (pidfd_open(2)), so that a recycled pid is never hit.
///
/// Lifecycle:  outlives all who hold a reference to it.
/// Threads:    the real one may be used by any thread.
/// Errors:     no_such_process is an answer, not a mishap; all else is the kernel's refusal.
class ProcessTable {
 public:
  ProcessTable() = default;
  ProcessTable(const ProcessTable&) = delete;
  ProcessTable& operator=(const ProcessTable&) = delete;
  virtual ~ProcessTable() = default;

  virtual Result<std::vector<ProcessInfo>> list() = 0;
  /// Fails with no_such_process when it is gone, or the pid is another process by now.
  virtual Result<ProcessInfo> look_at(ProcessId id) = 0;
  /// Whichever process has this pid now; no_such_process when none has.
  virtual Result<ProcessInfo> look_up(pid_t pid) = 0;
  /// The processes that listen on a TCP port or have bound a UDP port.
  virtual Result<std::vector<ProcessId>> listening_on(std::uint16_t port) = 0;
  /// The ports of its own namespace on which this process listens, in order.
  virtual Result<std::vector<BoundPort>> ports_of(ProcessId id) = 0;
  /// Sends `signal` to exactly this process; no_such_process when it is gone.
  virtual Result<void> signal(ProcessId id, int signal) = 0;
  virtual Result<FilesLimit> files_limit(ProcessId id) = 0;
  /// The same of any user's process, and faster: those that are open are not counted.
  virtual Result<FilesLimit> files_bounds(ProcessId id) = 0;
  /// Sets the soft limit and leaves the hard one (prlimit(2)).
  virtual Result<void> limit_files(ProcessId id, std::uint64_t soft) = 0;
  /// Lets processes go on for `length`, while someone waits for a signal to take.
  virtual void pause(Duration length) = 0;
  /// The control groups in which these processes are.
  virtual Cgroups& cgroups() = 0;
};

/// True when `result` failed because the process is gone.
template <typename T>
bool is_gone(const Result<T>& result) {
  return !result && result.error().code == std::errc::no_such_process;
}

}  // namespace squall::faults
