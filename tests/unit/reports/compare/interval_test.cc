#include "reports/compare/interval.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

BatchedCounts counts(std::vector<double> hits, double of_each) {
  BatchedCounts made;
  made.of.assign(hits.size(), of_each);
  made.hits = std::move(hits);
  return made;
}

TEST(BatchesOf, AreNoneBelowTenSecondsAndOfFiveSecondsWhereThereIsTime) {
  EXPECT_EQ(batches_of(9), 0U);
  EXPECT_EQ(batches_of(10), 10U);  // Of 1 s.
  EXPECT_EQ(batches_of(49), 10U);  // Of 4 s and 5 s.
  EXPECT_EQ(batches_of(60), 12U);
  EXPECT_EQ(batches_of(3600), 30U);  // Of 2 min: what lasts a minute is within one.
}

TEST(BatchedCounts, HaveNoDesignEffectWhereEachBatchHasItsPart) {
  EXPECT_DOUBLE_EQ(counts(std::vector<double>(10, 5), 100).design_effect(), 1);
}

TEST(BatchedCounts, HaveTheDesignEffectOfABurst) {
  // All 10 hits of 1,000 in one of 10 batches. Share 1 %; residuals: (10 − 1)/1000 = 0.009 once,
  // and (0 − 1)/1000 = −0.001 nine times. Their squares sum up to 81e-6 + 9e-6 = 9e-5; times 10/9:
  // 1e-4. Independent draws: 0.01 × 0.99 / 1000 = 9.9e-6. So 10.101 times as much.
  const BatchedCounts burst = counts({0, 0, 0, 10, 0, 0, 0, 0, 0, 0}, 100);
  EXPECT_DOUBLE_EQ(burst.share(), 0.01);
  EXPECT_NEAR(burst.residuals()[3], 0.009, 1e-12);
  EXPECT_NEAR(burst.design_effect(), 10.101, 0.001);
}

TEST(Wilson, IsWorkedOutByHand) {
  // t = 2, n = 96, share ½: middle ½; half 2/(1 + 4/96) × √(0.25/96 + 4/(4 × 96²))
  //   = 1.92 × √(0.00260417 + 0.00010851) = 1.92 × 0.0520833 = 0.1.
  const Interval half = wilson(0.5, 96, 2);
  EXPECT_NEAR(half.low, 0.4, 1e-9);
  EXPECT_NEAR(half.high, 0.6, 1e-9);
  // Of none: 0 to t²/(n + t²) = 4/100.
  const Interval none = wilson(0, 96, 2);
  EXPECT_DOUBLE_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.04, 1e-12);
  EXPECT_DOUBLE_EQ(wilson(0, 0, 2).high, 1) << "nothing drawn, nothing known";
}

TEST(StudentT, IsThatOfTheTables) {
  EXPECT_NEAR(student_t(0.025, 9), 2.2622, 1e-4);
  EXPECT_NEAR(student_t(0.005, 11), 3.1058, 1e-4);
}

/// 96 values of 1 to 96 ms, dealt to 12 batches one after the other: each has 4 above 48 ms.
std::vector<Histogram> dealt() {
  std::vector<Histogram> batches(12);
  for (int ms = 1; ms <= 96; ++ms) {
    batches[static_cast<std::size_t>(ms) % 12].record(std::chrono::milliseconds(ms));
  }
  return batches;
}

TEST(PercentileEstimate, ReadsTheIntervalOfItsShareThroughTheHistogram) {
  // Share ½ of 96 independent draws, t = 2: 0.4 to 0.6, as above. 40 % of 96 are 38.4: the 39th
  // value, 39 ms; 60 % are 57.6: the 58th.
  const Estimate median =
      percentile_estimate(dealt(), 50, beyond_percentile(dealt(), 50).design_effect(), 2);
  EXPECT_NEAR(std::exp(median.value), 48, 0.05);
  EXPECT_NEAR(std::exp(median.range.low), 39, 0.05);
  EXPECT_NEAR(std::exp(median.range.high), 58, 0.06);
  EXPECT_DOUBLE_EQ(median.range.low, median.at_least.low);
}

TEST(PercentileEstimate, KnowsNothingBeyondTheLargestValue) {
  // p99 of 96: the upper end of its share leaves 0.03 of a request beyond it.
  const Estimate tail = percentile_estimate(dealt(), 99, 1, 2);
  EXPECT_TRUE(std::isinf(tail.range.high));
  EXPECT_GT(tail.range.low, std::log(80.0));
}

TEST(PercentileEstimate, IsWiderWhereSlowSecondsComeTogether) {
  std::vector<Histogram> batches(12);  // The same values, in order: 8 in each batch.
  for (int ms = 1; ms <= 96; ++ms) {
    batches[static_cast<std::size_t>(ms - 1) / 8].record(std::chrono::milliseconds(ms));
  }
  const Estimate sorted =
      percentile_estimate(batches, 50, beyond_percentile(batches, 50).design_effect(), 2);
  EXPECT_LT(sorted.range.low, sorted.at_least.low - 0.3);
  EXPECT_GT(sorted.range.high, sorted.at_least.high + 0.2);
}

TEST(RateEstimate, OfAScheduleIsExactWhereItIsKept) {
  // A ramp, all of which ended: what each batch completed differs, but the schedule explains it.
  const BatchedCounts completed = counts({100, 200, 300, 400}, 10);
  const Estimate kept = rate_estimate(completed, {100, 200, 300, 400}, 2);
  EXPECT_NEAR(std::exp(kept.value), 25, 1e-9);  // 1000 in 40 s.
  EXPECT_NEAR(kept.range.high - kept.range.low, 0, 1e-12);
  const Estimate closed = rate_estimate(completed, {}, 2);
  EXPECT_GT(closed.range.high - closed.range.low, 1);
}

TEST(Correlation, IsWorkedOutByHand) {
  EXPECT_DOUBLE_EQ(correlation({1, -1, 0}, {2, -2, 0}), 1);
  EXPECT_DOUBLE_EQ(correlation({1, -1, 0}, {-1, 1, 0}), -1);
  EXPECT_DOUBLE_EQ(correlation({1, -1}, {1, -1, 0}), 0);
  EXPECT_DOUBLE_EQ(correlation({0, 0}, {1, -1}), 0);
}

TEST(DifferenceOf, AddsSpreadsAsTheRootOfTheirSquares) {
  // 3 apart, ±3 and ±4, nothing in common: ±5.
  const Estimate a{.value = 1, .range = {-2, 4}, .at_least = {1, 1}, .residuals = {1, -1, 0, 0}};
  const Estimate b{.value = 4, .range = {0, 8}, .at_least = {4, 4}, .residuals = {0, 0, 1, -1}};
  const Interval apart = difference_of(a, b);
  EXPECT_DOUBLE_EQ(apart.low, -2);
  EXPECT_DOUBLE_EQ(apart.high, 8);
}

TEST(DifferenceOf, LeavesOutWhatBothHaveInCommonButNotTheDraws) {
  // The same pattern in both: only 4 − 3 = 1 of the spread is left, but draws alone are worth
  // √(1.2² + 1.6²) = 2.
  const Estimate a{.value = 1, .range = {-2, 4}, .at_least = {-0.2, 2.2}, .residuals = {1, -1}};
  Estimate b{.value = 4, .range = {0, 8}, .at_least = {2.4, 5.6}, .residuals = {2, -2}};
  EXPECT_NEAR(difference_of(a, b).low, 1, 1e-12);
  b.at_least = {4, 4};
  Estimate sure = a;
  sure.at_least = {1, 1};
  EXPECT_NEAR(difference_of(sure, b).low, 2, 1e-12);
}

}  // namespace
}  // namespace squall::reports
