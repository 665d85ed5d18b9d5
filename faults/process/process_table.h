#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"

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
  char state = '?';  ///< 'R', 'S', 'T', 'Z', … (proc(5)).
  std::string name;  ///< comm.
  std::string command_line;  ///< Arguments joined by spaces.
};

/// The processes of this machine, as far as faults need them.
///
/// Cut this small so that tests can stand in for it (tests/support/fake_process_table.h); the real
/// one reads /proc and signals through pidfds (pidfd_open(2)), so that a recycled pid is never hit.
class ProcessTable {
 public:
  virtual ~ProcessTable() = default;

  virtual Result<std::vector<ProcessInfo>> list() = 0;
  /// Fails with no_such_process when it is gone, or the pid is another process by now.
  virtual Result<ProcessInfo> look_at(ProcessId id) = 0;
  /// The processes that listen on a TCP port or have bound a UDP port.
  virtual Result<std::vector<ProcessId>> listening_on(std::uint16_t port) = 0;
  /// Sends `signal` to exactly this process; no_such_process when it is gone.
  virtual Result<void> signal(ProcessId id, int signal) = 0;
};

}  // namespace squall::faults
