#pragma once

#include <string>
#include <vector>

#include "harness/base/units.h"
#include "reports/judge/run_record.h"

namespace squall::reports {

/// Limits past which a measurement cannot be trusted. Lateness is how long a request that was due
/// and had a free stream waited for the generator alone.
namespace trust {

/// One request in a hundred later than this while a shard was busy: the generator was the
/// bottleneck. A tenth of the 100 ms that people notice.
inline constexpr Duration kLatenessWhenBusy = std::chrono::milliseconds(10);
/// A shard that uses this share of a core in a second is busy.
inline constexpr double kBusy = 0.95;
/// One request in a hundred later than this: whatever held the generator up, the schedule was not
/// kept.
inline constexpr Duration kLatenessWhenIdle = std::chrono::milliseconds(100);
/// One request later than this: the generator stood still (a suspended machine, a stopped process).
inline constexpr Duration kStandstill = std::chrono::seconds(1);
/// The share of latencies that may lie outside what the histograms hold.
inline constexpr double kClamped = 0.001;

}  // namespace trust

/// Why what was measured cannot be trusted, one sentence each; empty when it can.
///
/// Only open loads have a schedule that the generator could fail to keep. That all requests are
/// accounted for is checked where the run came to its own end.
std::vector<std::string> reasons_to_distrust(const RunRecord& record);

}  // namespace squall::reports
