#pragma once

#include <map>
#include <optional>
#include <string>

#include "harness/control/clock_offset.h"
#include "harness/control/coordinator_link.h"
#include "harness/control/outbox.h"
#include "harness/coordinator/child_process.h"
#include "harness/coordinator/placement.h"
#include "reports/judge/run_record.h"

namespace squall::coordinator {

/// An agent as the coordinator sees it.
struct Seat {
  enum class State { kAwaited, kJoined, kPrepared, kRunning, kDone, kLost };

  std::string name;
  std::map<std::string, std::string> labels;
  std::string version;
  std::string process;  ///< Which process it is, as its hello says.
  State state = State::kAwaited;
  bool has_left = false;     ///< It ends by itself; what it measured may still come.
  std::string left_because;  ///< As it said before the run began; empty: it said nothing.
  control::StreamId stream = 0;
  control::ClockOffset offset;       ///< Of its monotonic clock.
  control::ClockOffset wall_offset;  ///< Of its wall clock: for people alone.
  /// What its start was reckoned with; none: it was not told to start.
  std::optional<control::ClockOffset> offset_at_start;
  Placed placed;  ///< What it was given to do.
  control::Outbox<wire::ToAgent> orders;
  control::Inbox told;
  std::map<std::string, reports::FaultRecord> faults;  ///< As it told of them, by label.
  Instant heard;                                       ///< When anything came from it last.
  Instant granted;                                     ///< From when on its lease is good.
  /// How it is known that its process is no more, and since when.
  struct Death {
    Instant heard;
    std::string known_by;
  };
  std::optional<Death> death;
  std::optional<ChildProcess> child;

  /// Nothing more is to be expected from it.
  bool is_over() const { return state == State::kDone || state == State::kLost; }
  /// Whether it told of a fault of this name as in force, and of no end of it.
  bool has_in_force(const std::string& fault) const;
  /// As far as is known: it was to inject it, and told of no end of it.
  bool may_have_in_force(const std::string& fault) const;
  reports::AgentRecord record() const;
};

}  // namespace squall::coordinator
