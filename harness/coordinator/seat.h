#pragma once

#include <map>
#include <optional>
#include <string>

#include "harness/control/coordinator_link.h"
#include "harness/control/lease.h"
#include "harness/coordinator/child_process.h"
#include "reports/judge/run_record.h"

namespace squall::coordinator {

/// An agent as the coordinator sees it.
struct Seat {
  enum class State { kAwaited, kJoined, kPrepared, kRunning, kDone, kLost };

  std::string name;
  std::map<std::string, std::string> labels;
  std::string version;
  State state = State::kAwaited;
  control::StreamId stream = 0;
  control::ClockOffset offset;
  Instant heard;  ///< When anything came from it last.
  std::optional<ChildProcess> child;

  /// Nothing more is to be expected from it.
  bool is_over() const { return state == State::kDone || state == State::kLost; }
  reports::AgentRecord record() const;
};

}  // namespace squall::coordinator
