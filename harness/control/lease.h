#pragma once

#include <algorithm>
#include <chrono>

#include "harness/base/units.h"

namespace squall::control {

/// An agent whose lease has lapsed so long ago, and that has not begun to stop, hangs: its reaper
/// ends it, and undoes what it has in force.
inline constexpr Duration kHangs = std::chrono::milliseconds(500);

/// An agent's permission to go on, which lapses unless the coordinator renews it.
///
/// Lifecycle:  a value; the clock runs from construction.
/// Threads:    one owner at a time. Errors: none. Holds no clock: the caller says what time it is.
class Lease {
 public:
  Lease(Duration length, Instant now) : length_(length), renewed_(now) {}

  /// Never takes back what it had: one that was granted before the last one changes nothing.
  void renew(Instant granted) { renewed_ = std::max(renewed_, granted); }
  bool has_lapsed(Instant now) const { return now - renewed_ >= length_; }
  Instant renewed_at() const { return renewed_; }
  Instant lapses_at() const { return renewed_ + length_; }
  Duration length() const { return length_; }

 private:
  Duration length_;
  Instant renewed_;
};

}  // namespace squall::control
