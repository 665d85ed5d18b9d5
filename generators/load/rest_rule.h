#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "harness/base/units.h"

namespace squall::generators {

/// Says how long one load lets its shard rest when nothing is left to do, so that arrivals and
/// answers share wake-ups, calls of the kernel and packets.
///
/// Where little happens the answer is: not at all, each event is served at once. An open load of
/// more than 20,000 arrivals a second on the shard lets it rest for 200 µs: so late may a request
/// be sent (which counts as lateness), and an answer be read. A closed load of at least 32 requests
/// in flight lets answers wait for a 64th of the time that they take anyhow, 50 µs at most.
///
/// Lifecycle:  told of all that happens, and look() now and then, at each tick.
/// Threads:    one owner at a time.
/// Errors:     none.
class RestRule {
 public:
  static constexpr double kManyArrivals = 20'000;  ///< A second.
  static constexpr Duration kForArrivals = std::chrono::microseconds(200);
  static constexpr std::size_t kManyInFlight = 32;
  static constexpr Duration kMostForAnswers = std::chrono::microseconds(50);

  /// `many_arrivals` a second are so many that they are gathered.
  explicit RestRule(double many_arrivals = kManyArrivals) : many_arrivals_(many_arrivals) {}

  /// A request fell due.
  void released() { ++released_; }
  /// A request ended so long after it was sent.
  void ended(Duration service) { service_ += (service - service_) / kAveraged; }
  /// Learns the rate of arrivals.
  void look(Instant now) {
    if (now - since_ < kRateTime) return;
    per_second_ = static_cast<double>(std::exchange(released_, 0)) /
                  to_seconds(now - std::exchange(since_, now));
  }

  Duration for_arrivals() const {
    return per_second_ > many_arrivals_ ? kForArrivals : Duration::zero();
  }
  Duration for_answers(std::size_t in_flight) const {
    const Duration share = std::min(service_ / kShare, kMostForAnswers);
    // A rest costs some 5 µs itself.
    return in_flight >= kManyInFlight && share >= kLeast ? share : Duration::zero();
  }

 private:
  static constexpr int kAveraged = 64;  // Requests.
  static constexpr int kShare = 64;
  static constexpr Duration kLeast = std::chrono::microseconds(10);
  static constexpr Duration kRateTime = std::chrono::milliseconds(10);

  double many_arrivals_;
  Duration service_{};  // Of requests that ended lately, on average.
  double per_second_ = 0;
  std::uint64_t released_ = 0;  // Since since_.
  Instant since_{};
};

}  // namespace squall::generators
