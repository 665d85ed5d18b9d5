#pragma once

#include "harness/base/units.h"

namespace squall::control {

/// An agent's permission to go on, which lapses unless the coordinator renews it.
///
/// Lifecycle:  a value; the clock runs from construction.
/// Threads:    one owner at a time. Errors: none. Holds no clock: the caller says what time it is.
class Lease {
 public:
  Lease(Duration length, Instant now) : length_(length), renewed_(now) {}

  void renew(Instant now) { renewed_ = now; }
  bool has_lapsed(Instant now) const { return now - renewed_ >= length_; }
  Instant lapses_at() const { return renewed_ + length_; }
  Duration length() const { return length_; }

 private:
  Duration length_;
  Instant renewed_;
};

/// Estimates how far an agent's clock is ahead of the coordinator's, from echoed messages.
///
/// As NTP does (RFC 5905 §8) over one exchange: half the round trip is taken off, and the exchange
/// with the shortest round trip is believed, because it bounds the error best.
class ClockOffset {
 public:
  /// The coordinator sent at `sent`, the agent's clock said `agent` on receipt, and the answer was
  /// back at `received`; all in nanoseconds of the clock of whoever read it.
  void observe(Duration sent, Duration agent, Duration received);

  bool is_known() const { return round_trip_ != Duration::max(); }
  Duration offset() const { return offset_; }
  /// The offset is right to half of this.
  Duration round_trip() const { return round_trip_; }

 private:
  Duration offset_{};
  Duration round_trip_ = Duration::max();
};

}  // namespace squall::control
