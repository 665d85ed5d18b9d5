#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>

#include "harness/agent/policy.h"
#include "harness/base/result.h"
#include "harness/control/credentials.h"

namespace squall::agent {

/// Who an agent is and whom it works for.
struct AgentOptions {
  std::string join;  ///< Where the coordinator listens, as gRPC writes it.
  std::optional<control::Credentials> credentials;  ///< None: only one on this machine is joined.
  std::optional<Policy> policy;  ///< What it may be told to do, and by whom; none: all.
  std::string name;
  std::map<std::string, std::string> labels;
  std::string squall_program;  ///< This program, for the reaper and `${squall}`.
};

/// Joins a coordinator, does one run's part for it, and returns when everything is undone.
///
/// A coordinator that is not there, or does not take it yet, is asked again until it does; only one
/// behind a Unix socket, whose child it is, must be there at once.
///
/// Ends early, with load stopped and faults undone, when the coordinator says so, when the lease
/// lapses, when the connection ends, or when `stop` becomes true (a signal). Only what keeps it
/// from taking part at all is an Error.
Result<void> attend(const AgentOptions& options, const std::atomic<bool>& stop);

}  // namespace squall::agent
