#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "harness/base/units.h"
#include "reports/judge/run_record.h"
#include "reports/judge/run_result.h"

namespace squall::reports {

/// Whole seconds [from, to) of the timeline.
struct Seconds {
  std::int64_t from = std::numeric_limits<std::int64_t>::min();
  std::int64_t to = std::numeric_limits<std::int64_t>::max();

  bool empty() const { return from >= to; }
  Seconds overlap(const Seconds& other) const;
};

/// When the fault was in force, ends included; none when it never was. A fault that ended at an
/// unknown moment ended when the run did.
std::optional<std::pair<Duration, Duration>> actual_times(const FaultRecord& fault,
                                                          const RunRecord& record);

/// The seconds in which the fault was in force at any moment: one at least.
std::optional<Seconds> seconds_in_force(const FaultRecord& fault, const RunRecord& record);

/// Judges one objective over the whole run, or from where its `after` says.
///
/// The denominator is every request that fell due: what never got an answer (error, unsent, shed)
/// is bad. The goal is met when there are not more bad ones than it allows, and enough samples.
ObjectiveResult judge_objective(const scenarios::ObjectiveSpec& objective, const RunRecord& record);

/// How many requests that fell due in `seconds` were bad by `objective`; only those that the
/// objective looks at.
std::uint64_t bad_in(const scenarios::ObjectiveSpec& objective, const RunRecord& record,
                     const Seconds& seconds);

}  // namespace squall::reports
