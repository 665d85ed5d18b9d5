#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <queue>
#include <string>
#include <vector>

#include "generators/schedule/random.h"
#include "reports/compare/compared_run.h"

namespace squall::reports {

/// A run that was never run: requests with latencies as real ones have them. What goes on within a
/// run (slow seconds come in groups, a stall now and then) and what does not (this process is a
/// little slower than that one, from start to end) are both there.
class SimulatedRun {
 public:
  explicit SimulatedRun(std::uint64_t seed) : random_(seed) {}

  SimulatedRun& lasts(int seconds, double rate) {
    seconds_ = seconds;
    rate_ = rate;
    return *this;
  }
  /// The standard deviation of what a whole run is slower or faster than another.
  SimulatedRun& drifts(double share) {
    drift_ = share;
    return *this;
  }
  /// The 99th percentile is by `share` above that of other runs; the median is not.
  SimulatedRun& has_a_worse_tail(double share) {
    tail_ = share;
    return *this;
  }
  /// Latencies are those of an M/M/4 queue at 70 %, instead of lognormal.
  SimulatedRun& queues() {
    queues_ = true;
    return *this;
  }
  SimulatedRun& fails(double share) {
    errors_ = share;
    return *this;
  }

  /// From second 8 on a fault is in force for `seconds`, in which a share of the requests is lost,
  /// after 200 ms each: in one second some more, in another fewer. Three phases.
  SimulatedRun& loses(double share, int seconds) {
    lost_ = share;
    fault_ = seconds;
    return *this;
  }
  /// Only what lies beyond the 97th percentile is slower, by `share`; p90 is as it was.
  SimulatedRun& has_a_worse_end(double share) {
    end_ = share;
    return *this;
  }

  ComparedRun made() {
    ComparedRun run;
    run.run = "simulated";
    run.scenario = run.text = "simulated";
    run.verdict = "pass";
    run.agents = 1;
    run.machine =
        Machine{.cpu = "abacus", .cores = 1, .memory_bytes = 1, .kernel = "", .squall = ""};
    ComparedLoad load;
    load.name = "browse";
    load.phases = {{"whole", 0, seconds_}};
    const int until = kFaultFrom + fault_;
    if (fault_ > 0) {
      load.phases = {{"before gone", 0, kFaultFrom},
                     {"during gone", kFaultFrom, until},
                     {"after gone", until, seconds_}};
    }
    const double of_run = std::exp(drift_ * random_.normal());
    double slow = 0;  // What this second is slower than others: AR(1), 4 % by the second.
    for (int second = 0; second < seconds_; ++second) {
      slow = 0.7 * slow + std::sqrt(1 - 0.7 * 0.7) * 0.04 * random_.normal();
      const bool is_gone = second >= kFaultFrom && second < until;
      const double lost = is_gone ? std::clamp(lost_ + 0.05 * random_.normal(), 0.0, 1.0) : 0;
      load.seconds.push_back(next_second(of_run * std::exp(slow), lost_ > 0 ? lost : 0));
    }
    run.loads.push_back(std::move(load));
    return run;
  }

 private:
  static constexpr double kMedianMs = 5;
  static constexpr double kSigma = 0.5;
  static constexpr int kFaultFrom = 8;

  ComparedSecond next_second(double factor, double lost) {
    ComparedSecond second;
    Histogram response;
    const auto requests = static_cast<std::uint64_t>(rate_);
    // One second in thirty stalls for up to 20 ms.
    const double stall = random_.unit() < 1.0 / 30 ? 0.02 * random_.unit() : 0;
    for (std::uint64_t i = 0; i < requests; ++i) {
      const double at = static_cast<double>(i) / rate_;
      double ms =
          (queues_ ? queued_ms(1 / rate_) : kMedianMs * std::exp(kSigma * random_.normal()));
      // 0 at the median, 1 from the 99th percentile on.
      const double depth = std::log(ms / kMedianMs) / (2.326 * kSigma);
      ms *= factor * (1 + tail_ * std::clamp(depth, 0.0, 1.0));
      if (depth > 1.881 / 2.326) ms *= 1 + end_;
      if (at < stall) ms += 1000 * (stall - at);
      const bool is_lost = lost > 0 && random_.unit() < lost;
      response.record(from_seconds(is_lost ? 0.2 : ms / 1000));
      if (is_lost) ++second.not_ok;
      if (errors_ > 0 && random_.unit() < errors_) ++second.not_ok;
    }
    second.due = second.completed = requests;
    second.response = SparseHistogram(response);
    return second;
  }

  /// The response of the next arrival at four servers, one mean gap after the last.
  double queued_ms(double mean_gap) {
    clock_ += mean_gap * random_.exponential();
    if (free_at_.empty()) {
      for (int i = 0; i < 4; ++i) free_at_.push(0);
    }
    const double begin = std::max(clock_, free_at_.top());
    free_at_.pop();
    const double end = begin + 0.7 * 4 * mean_gap * random_.exponential();
    free_at_.push(end);
    return 1000 * (end - clock_);
  }

  generators::Random random_;
  int seconds_ = 60;
  double rate_ = 2000;
  double drift_ = 0.01;
  double tail_ = 0;
  double errors_ = 0;
  double lost_ = 0;
  int fault_ = 0;
  double end_ = 0;
  bool queues_ = false;
  double clock_ = 0;
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at_;
};

}  // namespace squall::reports
