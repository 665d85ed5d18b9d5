#include "reports/capacity/recovery.h"

#include <algorithm>

namespace squall::reports {
namespace {

constexpr std::int64_t kMost = 60;        // Seconds.
constexpr std::int64_t kMostSilent = 10;  // Seconds, where nothing has ever been answered.
constexpr std::int64_t kPatience = 4;     // Seconds, before even less is offered.
constexpr std::int64_t kCalmSeconds = 2;  // One may be luck.
constexpr double kNearlyAll = 0.9;
constexpr double kBack = 1.5;       // Of the calm mean.
constexpr double kSettled = 1.25;   // Of the mean of the second before.
constexpr double kNothing = 0.001;  // Differences in latency below a millisecond are none.

/// True when nearly all that was due in the second has ended: what still waits in a queue has no
/// latency yet.
bool has_ended(const CapacitySecond& second) {
  const auto count = static_cast<double>(second.response.count());
  return count > 0 && std::all_of(second.goals.begin(), second.goals.end(), [&](const auto& goal) {
           return count >= kNearlyAll * goal.samples;
         });
}

}  // namespace

void Recovery::take(const CapacitySecond& second) {
  if (is_over()) return;
  has_answered_ = has_answered_ || second.ok > 0;
  const double mean = to_seconds(second.response.mean());
  const bool is_fast =
      calm_ ? mean <= *calm_ * kBack + kNothing : before_ && mean <= *before_ * kSettled + kNothing;
  before_ = mean;
  calm_seconds_ = is_fast && has_ended(second) ? calm_seconds_ + 1 : 0;
  ++seconds_;
  if (is_over() || ++at_this_rate_ < kPatience || calm_seconds_ > 0) return;
  rate_ = {rate_.per_second / 2};
  at_this_rate_ = 0;
  before_.reset();
}

bool Recovery::has_recovered() const { return calm_seconds_ >= kCalmSeconds; }

bool Recovery::is_over() const {
  return has_recovered() || seconds_ >= (has_answered_ ? kMost : kMostSilent);
}

}  // namespace squall::reports
