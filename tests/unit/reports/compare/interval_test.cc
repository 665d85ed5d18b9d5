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

TEST(BatchedCounts, HaveNoLuckInWhatAStratumExplains) {
  // All is well in three batches and a tenth is bad in three others: as planned, no spread is left.
  BatchedCounts planned = counts({0, 0, 0, 10, 10, 10}, 100);
  EXPECT_GT(planned.design_effect(), 5);
  planned.stratum = {0, 0, 0, 1, 1, 1};
  EXPECT_DOUBLE_EQ(planned.design_effect(), 1);
  EXPECT_THAT(planned.residuals(), testing::Each(DoubleNear(0, 1e-12)));
}

TEST(BatchedCounts, CountAsLuckWhatAStratumOfTwoHasMore) {
  // The share of all is 20 of 500 = 0.04. The two of stratum 1 have (10 − 4)/500 = 0.012 more each,
  // the others have what their own stratum has.
  BatchedCounts brief = counts({0, 0, 0, 10, 10}, 100);
  brief.stratum = {0, 0, 0, 1, 1};
  EXPECT_NEAR(brief.residuals()[0], 0, 1e-12);
  EXPECT_NEAR(brief.residuals()[3], 0.012, 1e-12);
  EXPECT_THAT(brief.variances(),
              ElementsAre(DoubleNear(0, 1e-12), DoubleNear(2 * 0.012 * 0.012, 1e-12)));
}

TEST(FreedomOf, IsThatOfTheStrataWhichVary) {
  BatchedCounts a = counts({1, 2, 3, 5, 5, 5}, 100);
  a.stratum = {0, 0, 0, 1, 1, 1};
  EXPECT_NEAR(freedom_of(a, a), 4, 1e-9) << "only the first varies: 2 × (3 − 1), of both sides";
  BatchedCounts both = a;
  both.hits = {1, 2, 3, 4, 5, 6};
  EXPECT_NEAR(freedom_of(both, both), 8, 1e-9) << "(1 + 1)² / (1/4 + 1/4)";
  EXPECT_DOUBLE_EQ(
      freedom_of(counts(std::vector<double>(12, 1), 100), counts(std::vector<double>(12, 2), 100)),
      11);
}

TEST(DifferenceOfSeconds, IsStudentsOfTwoSamples) {
  // 0, 0, 0 and 200, 200, 140 of 200 each: 0.9 apart. The seconds of B are 1, 1, 0.7: squares of
  // what they vary 0.01 + 0.01 + 0.04 = 0.06, over 4 degrees of freedom 0.015. Standard error
  // √(0.015 × 2/3) = 0.1. Student's t of 4 for 2.5 %: 2.7764.
  const Interval apart =
      difference_of_seconds(counts({0, 0, 0}, 200), counts({200, 200, 140}, 200), 0.05);
  EXPECT_NEAR(apart.low, 0.9 - 0.27764, 1e-4);
  EXPECT_NEAR(apart.high, 0.9 + 0.27764, 1e-4);
}

TEST(DifferenceOfSeconds, LeavesOutAPatternThatBothHaveButNotTheDraws) {
  // 0 %, 40 %, 80 % in A and 2 points more in each second of B: nothing varies between them, but
  // of 15,000 draws a share of 0.4 has a standard error of 0.4 points: √2 × 0.4 × 1.96 = 1.11.
  const Interval apart =
      difference_of_seconds(counts({0, 2000, 4000}, 5000), counts({100, 2100, 4100}, 5000), 0.05);
  EXPECT_NEAR(apart.low, 0.0089, 1e-4);
  EXPECT_NEAR(apart.high, 0.0311, 1e-4);
}

TEST(DifferenceOfSeconds, TellsNothingApartThatIsOneSecondOfThree) {
  const Interval one =
      difference_of_seconds(counts({0, 0, 0}, 200), counts({0, 200, 0}, 200), 0.05);
  EXPECT_LT(one.low, 0);
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
