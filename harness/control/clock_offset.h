#pragma once

#include <cstddef>
#include <deque>

#include "harness/base/units.h"

namespace squall::control {

/// Estimates how far an agent's clock is ahead of the coordinator's, from echoed messages.
///
/// As NTP does (RFC 5905 §8, §10) over each exchange: half the round trip is taken off, and of the
/// recent exchanges the one with the shortest round trip is believed, because it bounds the error
/// best. Older ones are let go of, because clocks drift.
///
/// Lifecycle:  a value. Threads: one owner at a time. Errors: none.
class ClockOffset {
 public:
  /// Leases are renewed each second: about a minute of them.
  static constexpr std::size_t kRecent = 64;

  /// The coordinator sent at `sent`, the agent's clock said `agent` on receipt, and the answer was
  /// back at `received`; all in nanoseconds of the clock of whoever read it.
  void observe(Duration sent, Duration agent, Duration received);

  bool is_known() const { return !recent_.empty(); }
  Duration offset() const { return best().offset; }
  Duration round_trip() const { return best().round_trip; }
  /// The offset is right to this, however unlike the ways there and back are.
  Duration error() const { return round_trip() / 2; }

 private:
  struct Exchange {
    Duration offset{};
    Duration round_trip{};
  };
  Exchange best() const;

  std::deque<Exchange> recent_;
};

}  // namespace squall::control
