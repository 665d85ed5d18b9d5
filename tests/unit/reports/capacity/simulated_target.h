#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "generators/schedule/random.h"
#include "reports/capacity/capacity_search.h"

namespace squall::reports {

/// A queue with c servers and exponential service under Poisson arrivals, simulated exactly, a
/// second at a time. What waits beyond `room` is refused. Service gets slower by `thrash` for each
/// request that waits beyond `calm`, and by `factor_at` over time.
struct SimulatedTarget {
  explicit SimulatedTarget(std::uint64_t seed) : random(seed) {}

  generators::Random random;
  std::size_t servers = 8;
  double service = 0.010;  // Seconds, the mean.
  std::size_t room = 1000;
  double thrash = 0;
  double calm = 50;
  std::function<double(double)> factor_at = [](double) { return 1.0; };
  double within = 0.100;   // Seconds: what is good.
  double most_sent = 1e9;  // Per second: what the generator manages.

  /// The next second at this rate.
  CapacitySecond offer(double rate) {
    CapacitySecond result;
    result.second = second++;
    result.goals.resize(1);
    result.is_generator_late = rate > most_sent;
    rate = std::min(rate, most_sent);
    const double end = static_cast<double>(second);
    double at = end - 1;
    while (true) {
      at += random.exponential() / rate;
      if (at >= end) break;
      result.sent += 1;
      result.goals[0].samples += 1;
      while (!begins_.empty() && begins_.top() <= at) begins_.pop();
      if (begins_.size() >= room) {
        result.goals[0].bad += 1;
        continue;
      }
      while (free_.size() < servers) free_.push(0);
      const double begin = std::max(at, free_.top());  // In order of arrival.
      free_.pop();
      if (begin > at) begins_.push(begin);
      const double slow = 1 + thrash * std::max(0.0, static_cast<double>(begins_.size()) - calm);
      const double ended = begin + service * slow * factor_at(begin) * random.exponential();
      free_.push(ended);
      ends_.push_back(ended);
      result.response.record(from_seconds(ended - at));
      if (ended - at > within) result.goals[0].bad += 1;
    }
    // In order of ending, as far as this second reaches.
    const auto rest = std::partition(ends_.begin(), ends_.end(), [&](double e) { return e < end; });
    result.ok = static_cast<double>(rest - ends_.begin());
    ends_.erase(ends_.begin(), rest);
    return result;
  }

  std::int64_t second = 0;

 private:
  using Earliest = std::priority_queue<double, std::vector<double>, std::greater<>>;

  Earliest free_;    // When each of the servers is free again.
  Earliest begins_;  // When what waits begins.
  std::vector<double> ends_;
};

}  // namespace squall::reports
