#pragma once

#include <string>

#include <control.pb.h>
#include <sys/types.h>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/base/units.h"

namespace squall::agent {

/// A second process of a fleet's agent, which waits for its end and dials in to tell of it: from
/// the coordinator a process that has died looks like a connection that was cut.
///
/// It is this same program, started as `PROGRAM witness NAME` in a session of its own, with none of
/// our descriptors. It speaks only when the process is no more (not when it is stopped or hangs),
/// tries so for as long as the lease, and ends. Where it is killed with the agent, or cannot reach
/// the coordinator either, the lease rules as if there were none.
///
/// Lifecycle:  start → end. Destroyed without end(): it waits on, and tells of the end of this
///             process.
/// Threads:    one owner at a time.
/// Errors:     start() fails when it cannot be started; later on it is not missed.
class Witness {
 public:
  static Result<Witness> start(const std::string& program, const wire::Testimony& testimony);

  /// The orderly end: there is nothing to tell. Waits until it has gone, which is soon.
  void end();
  /// No fault may touch this process.
  pid_t pid() const noexcept { return pid_; }

 private:
  Witness(UniqueFd line, pid_t pid) : line_(std::move(line)), pid_(pid) {}

  UniqueFd line_;
  pid_t pid_;
};

/// Waits for the end of the process behind `process`, a pidfd; false when its part was over first,
/// as it says by `line`, or when it lets the line go and lives on for longer than `patience`.
bool await_death(int line, int process, Duration patience);

/// The witness's own main, with the descriptors that start() gives it: the exit status.
int run_witness();

}  // namespace squall::agent
