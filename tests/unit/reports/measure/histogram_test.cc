#include "reports/measure/histogram.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

Histogram histogram_of(const std::vector<std::int64_t>& values) {
  Histogram histogram;
  for (const std::int64_t value : values) histogram.record_micros(value);
  return histogram;
}

/// The width of the bucket in which `value` lies, from HdrHistogram's definition and not from the
/// code under test: the smallest power of two by which the value has at most 2048 steps.
std::int64_t bucket_width(std::int64_t value) {
  std::int64_t width = 1;
  while (value / width >= 2048) width *= 2;
  return width;
}

std::int64_t highest_equivalent(std::int64_t value) {
  const std::int64_t width = bucket_width(value);
  return value / width * width + width - 1;
}

/// Values of all magnitudes: 0, single microseconds, up to the hour.
std::vector<std::int64_t> samples_of_all_magnitudes(std::uint64_t seed, std::size_t how_many) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> exponent(0, 9.5);
  std::vector<std::int64_t> values(how_many);
  for (auto& value : values) {
    value = std::min(static_cast<std::int64_t>(std::pow(10, exponent(random))) - 1,
                     Histogram::kHighestMicros);
  }
  return values;
}

/// Percentiles in thousandths of a percent, so that the rank is exact in integers.
constexpr std::array<std::int64_t, 13> kMilliPercents = {
    1, 500, 1'000, 10'000, 25'000, 50'000, 75'000, 90'000, 95'000, 99'000, 99'900, 99'990, 100'000};

TEST(Histogram, EveryPercentileIsTheHighestEquivalentOfTheSampleOfThatRank) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    auto values = samples_of_all_magnitudes(seed, seed * 17);
    const Histogram histogram = histogram_of(values);
    std::sort(values.begin(), values.end());
    for (const std::int64_t milli_percent : kMilliPercents) {
      const auto count = static_cast<std::int64_t>(values.size());
      const auto rank = std::max<std::int64_t>((milli_percent * count + 99'999) / 100'000, 1);
      const auto sample = values.at(static_cast<std::size_t>(rank - 1));
      const auto found = histogram.at_percentile(static_cast<double>(milli_percent) / 1000);
      ASSERT_EQ(found, microseconds(highest_equivalent(sample)))
          << milli_percent << " of " << count << ", seed " << seed;
      ASSERT_LE(found - microseconds(sample), microseconds(sample / 1000));  // Three digits.
    }
  }
}

TEST(Histogram, RoundingNeverMovesARankThatIsExact) {
  // 99.9 % of 1000·n values is the 999·n-th, though 99.9 is no binary fraction.
  for (std::int64_t thousands : {1, 3, 7, 60, 999, 4096, 1'000'000}) {
    Histogram histogram;
    histogram.record_micros(1, static_cast<std::uint64_t>(999 * thousands));
    histogram.record_micros(2, static_cast<std::uint64_t>(thousands));
    EXPECT_EQ(histogram.at_percentile(99.9), 1us) << thousands;
    histogram.record_micros(2);
    EXPECT_EQ(histogram.at_percentile(99.9), 2us) << thousands;
  }
}

TEST(Histogram, CountsWhatIsAtMostALimit) {
  auto values = samples_of_all_magnitudes(7, 5000);
  const Histogram histogram = histogram_of(values);
  for (const std::int64_t limit : {0L, 1L, 2047L, 2048L, 250'000L, 3'599'999'999L}) {
    const auto expected = std::count_if(values.begin(), values.end(), [limit](auto value) {
      return value <= highest_equivalent(limit);
    });
    EXPECT_EQ(histogram.count_at_or_below(microseconds(limit)), expected) << limit;
  }
  EXPECT_EQ(histogram.count_at_or_below(2h), values.size());
  EXPECT_EQ(histogram.count_at_or_below(-1us), 0U);
}

TEST(Histogram, MergedPartsEqualTheHistogramOfTheUnion) {
  const auto values = samples_of_all_magnitudes(11, 3000);
  std::array<Histogram, 3> parts;
  for (std::size_t i = 0; i < values.size(); ++i) parts.at(i % 3).record_micros(values[i]);
  parts[2].record(-5s);
  Histogram merged;
  for (const Histogram& part : parts) merged.merge(part);
  Histogram whole = histogram_of(values);
  whole.record(-5s);
  EXPECT_EQ(merged, whole);
  EXPECT_EQ(merged.count(), 3001U);
  EXPECT_EQ(merged.clamped(), 1U);
}

TEST(Histogram, AZeroIsCountedAtZeroAndIsNotClamped) {
  const Histogram histogram = histogram_of({0});
  EXPECT_EQ(histogram.count(), 1U);
  EXPECT_EQ(histogram.clamped(), 0U);
  EXPECT_EQ(histogram.min(), 0us);
  EXPECT_EQ(histogram.max(), 0us);
  EXPECT_EQ(histogram.at_percentile(50), 0us);
}

TEST(Histogram, WhatLiesOutsideCountsAtTheNearerEndAndAsClamped) {
  Histogram histogram;
  histogram.record(-1ns);
  histogram.record(1h);
  EXPECT_EQ(histogram.clamped(), 1U);
  histogram.record(1h + 1us);
  histogram.record(Duration::max());
  histogram.record(Duration::min());
  EXPECT_EQ(histogram.clamped(), 4U);
  EXPECT_EQ(histogram.count(), 5U);
  EXPECT_EQ(histogram.min(), 0us);
  EXPECT_EQ(histogram.max(), microseconds(highest_equivalent(Histogram::kHighestMicros)));
}

TEST(Histogram, RecordsTheNearestMicrosecond) {
  Histogram histogram;
  histogram.record(1499ns);
  EXPECT_EQ(histogram.max(), 1us);
  histogram.record(1500ns);
  EXPECT_EQ(histogram.max(), 2us);
}

TEST(Histogram, MeanIsThatOfTheSamplesToThreeDigits) {
  Histogram histogram;
  for (std::int64_t value = 1; value <= 1000; ++value) histogram.record_micros(value);
  EXPECT_EQ(histogram.mean(), 500500ns);
  Histogram large;
  large.record_micros(1'000'000, 3);
  large.record_micros(2'000'000, 1);
  EXPECT_NEAR(to_seconds(large.mean()), 1.25, 0.00125);
}

TEST(Histogram, AnEmptyOneAnswersZero) {
  const Histogram histogram;
  EXPECT_TRUE(histogram.empty());
  EXPECT_EQ(histogram.min() + histogram.max() + histogram.mean(), 0ns);
  EXPECT_EQ(histogram.at_percentile(99), 0ns);
  EXPECT_EQ(histogram.count_at_or_below(1h), 0U);
}

TEST(Histogram, VisitsItsBucketsInOrderWithTheirBounds) {
  const Histogram histogram = histogram_of({3, 3, 5000, 0});
  std::vector<std::pair<Duration, Duration>> bounds;
  std::vector<std::uint64_t> counts;
  histogram.for_each([&](Duration lowest, Duration highest, std::uint64_t count) {
    bounds.emplace_back(lowest, highest);
    counts.push_back(count);
  });
  EXPECT_EQ(counts, (std::vector<std::uint64_t>{1, 2, 1}));
  EXPECT_EQ(bounds, (std::vector<std::pair<Duration, Duration>>{
                        {0us, 0us}, {3us, 3us}, {5000us, 5003us}}));  // 4096 to 8191 by fours.
}

TEST(Histogram, ClearedItEqualsANewOne) {
  Histogram histogram = histogram_of({1, 1000, 1'000'000});
  histogram.record(-1s);
  histogram.clear();
  EXPECT_TRUE(histogram.empty());
  EXPECT_EQ(histogram, Histogram());
  EXPECT_EQ(histogram.min(), 0us);
  histogram.record(7us);
  EXPECT_EQ(histogram.max(), 7us);
}

TEST(Histogram, ACopyIsItsOwnAndWhatWasMovedFromIsEmpty) {
  Histogram first = histogram_of({10});
  Histogram copy = first;
  copy.record_micros(20);
  EXPECT_EQ(first.count(), 1U);
  EXPECT_NE(first, copy);
  first = copy;
  EXPECT_EQ(first, copy);
  const Histogram moved = std::move(copy);
  EXPECT_EQ(moved.count(), 2U);
  EXPECT_TRUE(copy.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(copy, Histogram());
}

}  // namespace
}  // namespace squall::reports
