#include "harness/control/clock_offset.h"

#include <algorithm>

namespace squall::control {

void ClockOffset::observe(Duration sent, Duration agent, Duration received) {
  const Duration round_trip = received - sent;
  if (round_trip < Duration::zero()) return;
  recent_.push_back({.offset = agent - (sent + round_trip / 2), .round_trip = round_trip});
  if (recent_.size() > kRecent) recent_.pop_front();
}

ClockOffset::Exchange ClockOffset::best() const {
  if (recent_.empty()) return {};
  return *std::min_element(
      recent_.begin(), recent_.end(),
      [](const Exchange& a, const Exchange& b) { return a.round_trip < b.round_trip; });
}

}  // namespace squall::control
