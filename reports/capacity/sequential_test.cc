#include "reports/capacity/sequential_test.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace squall::reports {
namespace {

// A goal of 100 % is tested as one that allows a request in ten thousand: none of all requests can
// be shown by no finite number of them. One bad request refutes it (see answer()).
constexpr double kLeastAllowed = 1e-4;
constexpr double kMostAllowed = 0.6;
// What is known of the dispersion before anything was seen: as much as two seconds would tell.
constexpr double kUnknownDispersion = 4;
constexpr double kPriorDispersion = 1.5;
constexpr double kPriorWeight = 2;

}  // namespace

SequentialTest::SequentialTest(double allowed, double confidence)
    : allowed_(allowed), limit_(std::log(confidence / (1 - confidence))) {}

void SequentialTest::add(double samples, double bad) {
  if (samples <= 0) return;
  samples_ += samples;
  bad_ += bad;
  seconds_.push_back({samples, bad});
}

double SequentialTest::dispersion() const {
  const double share = this->share();
  if (share <= 0 || share >= 1) return 1;
  if (seconds_.size() < 3) return kUnknownDispersion;
  double most = 1;
  for (const std::size_t length : std::array<std::size_t, 3>{1, 2, 4}) {
    const std::size_t stretches = seconds_.size() / length;
    if (stretches < 3) break;
    double pearson = 0;
    for (std::size_t i = 0; i < stretches; ++i) {
      double samples = 0;
      double bad = 0;
      for (std::size_t j = i * length; j < (i + 1) * length; ++j) {
        samples += seconds_[j].samples;
        bad += seconds_[j].bad;
      }
      const double off = bad - samples * share;
      pearson += off * off / (samples * share * (1 - share));
    }
    const auto freedom = static_cast<double>(stretches - 1);
    most = std::max(most, (pearson + kPriorWeight * kPriorDispersion) / (freedom + kPriorWeight));
  }
  return most;
}

double SequentialTest::ratio() const {
  const double allowed = std::clamp(allowed_, kLeastAllowed, kMostAllowed);
  const double better = allowed / kRatio;
  const double worse = allowed * kRatio;
  return bad_ * std::log(worse / better) + (samples_ - bad_) * std::log((1 - worse) / (1 - better));
}

SequentialTest::Answer SequentialTest::answer() const {
  if (allowed_ <= 0 && bad_ > 0) return Answer::kBad;
  const double ratio = this->ratio() / dispersion();
  if (ratio >= limit_) return Answer::kBad;
  return ratio <= -limit_ ? Answer::kGood : Answer::kOpen;
}

double SequentialTest::least_samples(double allowed, double confidence) {
  SequentialTest one(allowed, confidence);
  one.add(1, 0);
  return std::ceil(one.limit_ / -one.ratio());
}

}  // namespace squall::reports
