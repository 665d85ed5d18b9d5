#include "harness/coordinator/merge_watch.h"

#include <algorithm>
#include <chrono>

#include "reports/measure/histogram.h"

namespace squall::coordinator {

void MergeWatch::take(const std::string& agent, std::int64_t second, Duration now) {
  const auto [told, is_first] = told_.emplace(agent, second);
  if (!is_first && second <= told->second) return;
  told->second = second;
  Second& seen = seconds_[second];
  ++seen.told;
  seen.last = std::max<Duration>(seen.last, now - std::chrono::seconds(second + 1));
}

std::optional<reports::MergeLateness> MergeWatch::lateness(std::size_t agents) const {
  reports::Histogram lateness;
  for (const auto& [number, second] : seconds_) {
    if (number >= 0 && second.told >= agents) lateness.record(second.last);
  }
  if (lateness.empty()) return std::nullopt;
  return reports::MergeLateness{.seconds = lateness.count(),
                                .p50 = lateness.at_percentile(50),
                                .p99 = lateness.at_percentile(99),
                                .max = lateness.max()};
}

}  // namespace squall::coordinator
