#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "harness/base/units.h"
#include "reports/judge/indicator.h"
#include "reports/judge/run_record.h"
#include "reports/judge/run_result.h"

namespace squall::reports {

/// Whole seconds [from, to) of the timeline.
struct Seconds {
  std::int64_t from = std::numeric_limits<std::int64_t>::min();
  std::int64_t to = std::numeric_limits<std::int64_t>::max();

  bool empty() const { return from >= to; }
  bool holds(std::int64_t second) const { return from <= second && second < to; }
  Seconds overlap(const Seconds& other) const;
};

/// The second in which `offset` lies, and the first that begins at it or later.
std::int64_t second_of(Duration offset);
std::int64_t second_from(Duration offset);

/// The begin or end of a fault as it counts on a timeline of whole seconds. A fault is undone some
/// milliseconds late: what is within 50 ms of a whole second is on it, lest a fault of 5 s covers
/// 6 s.
Duration on_the_second(Duration moment);

/// When the fault was in force, ends included; none when it never was. A fault that ended at an
/// unknown moment ended when the run did.
std::optional<std::pair<Duration, Duration>> actual_times(const FaultRecord& fault,
                                                          const RunRecord& record);

/// The seconds in which the fault was in force at any moment, its ends on_the_second(): one at
/// least.
std::optional<Seconds> seconds_in_force(const FaultRecord& fault, const RunRecord& record);

/// The seconds that the objective looks at: all, those in which its `during` is in force, those of
/// the phase that it names, or those from `by` after each end of its `after` until that begins
/// again. Apart, ascending; none when there are no such seconds.
std::vector<Seconds> stretches_of(const scenarios::ObjectiveSpec& objective,
                                  const RunRecord& record);

/// How many samples the objective wants: a percentile of fewer than its own many is nothing but the
/// largest of them.
std::uint64_t least_samples(const scenarios::ObjectiveSpec& objective);

/// How many bad ones the goal allows: to a millionth, so that 99.9 % of 1000 allows one, whatever
/// binary fractions say.
double allowed_of(double samples, double goal);

/// What can be said of the objective with this tally.
ObjectiveResult::Answer answer_of(const scenarios::ObjectiveSpec& objective, const Tally& tally);

/// Judges one objective over the seconds that it looks at.
///
/// The denominator is every request that fell due: what never got an answer (error, unsent, shed)
/// is bad; a windowed objective counts windows from the begin of each stretch, of which the last
/// may be shorter and those in which nothing fell due are left out. The goal is met when there are
/// not more bad ones than it allows, and enough samples.
ObjectiveResult judge_objective(const scenarios::ObjectiveSpec& objective, const RunRecord& record);

/// The same over other seconds than its own. Ascending and apart.
ObjectiveResult judge_objective_over(const std::vector<Seconds>& stretches,
                                     const scenarios::ObjectiveSpec& objective,
                                     const RunRecord& record);

/// How many of what the objective counts were bad in `seconds`; of windows those that reach into
/// them.
std::uint64_t bad_in(const scenarios::ObjectiveSpec& objective, const RunRecord& record,
                     const Seconds& seconds);

/// The objective's samples and bad ones by the second in which they were due, and when the bad ones
/// were known. A window is known when it is over and the limit has passed for its last request.
ErrorSeries error_series(const scenarios::ObjectiveSpec& objective, const RunRecord& record);

}  // namespace squall::reports
