#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.h"
#include "reports/judge/run_record.h"

namespace squall::reports {

/// Limits past which a measurement cannot be trusted. Lateness is how long a request that was due
/// waited because of the generator.
namespace trust {

/// One request in a hundred later than this while a shard was starved: the generator was the
/// bottleneck. A tenth of the 100 ms that people notice.
inline constexpr Duration kLatenessWhenStarved = std::chrono::milliseconds(10);
/// A shard that uses this share of a core in a second is busy, and so starved,
inline constexpr double kBusy = 0.95;
/// and so is one that was ready to run for so much of a second and not let,
inline constexpr Duration kDescheduled = std::chrono::milliseconds(100);
/// where that happened in more than this share of the load's seconds,
inline constexpr double kDescheduledSeconds = 0.05;
/// and more than once: a single hiccup is the machine's, and shows in the latencies.
inline constexpr std::uint64_t kDescheduledAtLeast = 2;
/// One request in a hundred later than this: whatever held the generator up, the schedule was not
/// kept.
inline constexpr Duration kLatenessWhenIdle = std::chrono::milliseconds(100);
/// One request later than this: the generator stood still (a suspended machine, a stopped process).
inline constexpr Duration kStandstill = std::chrono::seconds(1);
/// The share of latencies that may lie outside what the histograms hold.
inline constexpr double kClamped = 0.001;
/// The share of the local ports to one peer, or of the descriptors, from which failures to connect
/// may be the generator's own.
inline constexpr double kUsedUp = 0.95;
/// The share of the datagrams that came which the kernel dropped, because the generator did not
/// read them in time. What congestion control does about that is none of the server's doing.
inline constexpr double kDropped = 0.01;
/// The share of a load that may be missing because agents were lost; what else is measured then is
/// that of a smaller load.
inline constexpr double kMissing = 0.01;
/// A closed load on a shard that was starved for more seconds than this has doubtful latencies.
inline constexpr std::uint64_t kStarvedSeconds = 3;
/// A wall clock set by more than this is worth a word: nothing here is measured by it, but logs
/// are.
inline constexpr Duration kClockJump = std::chrono::milliseconds(100);

}  // namespace trust

/// Why what was measured cannot be trusted, one sentence each; empty when it can.
///
/// Only open loads have a schedule that the generator could fail to keep. That all requests are
/// accounted for is checked where the run came to its own end.
std::vector<std::string> reasons_to_distrust(const RunRecord& record);

/// What a reader should know of the generator though it takes nothing from the verdict, one
/// sentence each.
std::vector<std::string> warnings_about(const RunRecord& record);

/// Of the second that has just been measured: how the generator is the bottleneck of an open load,
/// in a sentence; none when it is not.
std::optional<std::string> bottleneck_in(const RunRecord& record, std::int64_t second);

}  // namespace squall::reports
