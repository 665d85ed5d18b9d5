#include "generators/target/sampling.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using std::chrono_literals::operator""ms;
using Distribution = ServiceTime::Distribution;

constexpr int kDraws = 200'000;

std::vector<double> milliseconds_of(const ServiceTime& service) {
  RandomStream random(42);
  std::vector<double> drawn;
  drawn.reserve(kDraws);
  for (int n = 0; n < kDraws; ++n) drawn.push_back(to_milliseconds(sample(service, random)));
  return drawn;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

TEST(RandomStream, IsTheSameForTheSameSeed) {
  RandomStream one(7);
  RandomStream same(7);
  RandomStream other(8);
  const auto first = one.next();
  EXPECT_EQ(first, same.next());
  EXPECT_NE(first, other.next());
}

TEST(RandomStream, GivesTheNumbersOfTheReference) {
  RandomStream random(1234567);  // The published first output of SplitMix64 for this seed.
  EXPECT_EQ(random.next(), 6457827717110365317U);
  EXPECT_EQ(random.next(), 3203168211198807973U);
}

TEST(Sampling, AConstantIsConstantAndNoneIsNothing) {
  RandomStream random(1);
  EXPECT_EQ(sample({Distribution::kConstant, 10ms, 0}, random), Duration(10ms));
  EXPECT_EQ(sample({Distribution::kNone, 10ms, 0}, random), Duration());
}

TEST(Sampling, ExponentialHasItsMeanAndItsTail) {
  const auto drawn = milliseconds_of({Distribution::kExponential, 10ms, 0});
  // Standard error of the mean: 10 / √200000 = 0.022; of a share of 5 %: 0.0005. Five of each.
  EXPECT_NEAR(mean_of(drawn), 10, 5 * 0.022);
  const auto late =
      std::count_if(drawn.begin(), drawn.end(), [](double ms) { return ms > 10 * std::log(20.0); });
  EXPECT_NEAR(static_cast<double>(late) / kDraws, 0.05, 5 * 0.0005);
}

TEST(Sampling, LognormalHasItsMedianAndItsSigma) {
  auto drawn = milliseconds_of({Distribution::kLognormal, 10ms, 0.5});
  const double mean = mean_of(drawn);
  std::nth_element(drawn.begin(), drawn.begin() + kDraws / 2, drawn.end());
  // The median's error is about 10 · 0.5 · 1.25 / √200000 = 0.014; mean = median · e^(σ²/2).
  EXPECT_NEAR(drawn[kDraws / 2], 10, 5 * 0.014);
  EXPECT_NEAR(mean, 10 * std::exp(0.125), 0.075);
}

TEST(Sampling, NothingTakesMoreThanAnHour) {
  RandomStream random(1);
  for (int n = 0; n < 1000; ++n) {
    EXPECT_LE(sample({Distribution::kLognormal, std::chrono::hours(1), 10}, random),
              Duration(std::chrono::hours(1)));
  }
}

}  // namespace
}  // namespace squall::generators
