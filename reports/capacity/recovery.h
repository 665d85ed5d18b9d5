#pragma once

#include <cstdint>
#include <optional>

#include "harness/base/units.h"
#include "reports/capacity/capacity_second.h"

namespace squall::reports {

/// Waits after something that a target could not bear until latency is back to what it was, for a
/// minute at most. Little is offered meanwhile, and ever less while it is not back: what has
/// collapsed may need nearly nothing to come up again. A target that has never answered is waited
/// for no longer than ten seconds, unless it begins to.
///
/// Lifecycle:  a value, one for each wait; take() each second in which rate() was offered.
/// Threads:    one owner at a time.
/// Errors:     none.
class Recovery {
 public:
  /// `calm` is the mean latency in seconds that it must come back to; none is known: it must only
  /// rise no further. `has_answered` is false when no request has been answered so far.
  Recovery(std::optional<double> calm, Rate rate, bool has_answered = true)
      : calm_(calm), rate_(rate), has_answered_(has_answered) {}

  void take(const CapacitySecond& second);
  /// What to offer; it changes with a call to take().
  Rate rate() const { return rate_; }
  bool is_over() const;
  /// False when it was not back when waiting ended.
  bool has_recovered() const;
  /// Waited so far.
  std::int64_t seconds() const { return seconds_; }

 private:
  std::optional<double> calm_;
  Rate rate_;
  bool has_answered_;
  std::optional<double> before_;  // The mean of the second before.
  std::int64_t calm_seconds_ = 0;
  std::int64_t at_this_rate_ = 0;
  std::int64_t seconds_ = 0;
};

}  // namespace squall::reports
