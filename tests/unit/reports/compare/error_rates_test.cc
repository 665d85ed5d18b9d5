// How often a comparison is wrong: alarms for nothing, and real differences that it misses.
//
// With more pairs there were alarms in 1.5 % of 200 pairs of the same thing, in 3.3 % of 400 of the
// same queue; and a 10 % worse p99 was found in 91 % of 200, an as much better one in 96 %.
#include <cstdint>
#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/compare/compare.h"

#include "tests/unit/reports/compare/simulated_run.h"

namespace squall::reports {
namespace {

using testing::Ge;
using testing::Le;
using Verdicts = std::map<ComparisonVerdict, int>;

constexpr int kPairs = 100;

/// The verdicts of 100 pairs: the first of each as `a` makes it, the second as `b` does.
template <typename MakeA, typename MakeB>
Verdicts verdicts_of(std::uint64_t seed, MakeA a, MakeB b) {
  Verdicts seen;
  for (std::uint64_t i = 0; i < kPairs; ++i) {
    const ComparedRun first = a(SimulatedRun(seed + 2 * i)).made();
    const ComparedRun second = b(SimulatedRun(seed + 2 * i + 1)).made();
    ++seen[compare(first, second, {}).verdict];
  }
  return seen;
}

int alarms(Verdicts seen) {
  return seen[ComparisonVerdict::kWorse] + seen[ComparisonVerdict::kBetter];
}

TEST(CompareErrorRates, RaiseAtMostFiveAlarmsInAHundredPairsOfTheSameThing) {
  const auto same = [](SimulatedRun run) { return run; };
  const Verdicts seen = verdicts_of(1000, same, same);
  EXPECT_THAT(alarms(seen), Le(5));
  EXPECT_THAT(seen.at(ComparisonVerdict::kSame), Ge(90))
      << "and it is not silent for want of trying";
}

TEST(CompareErrorRates, RaiseAtMostFiveAlarmsInAHundredPairsOfTheSameQueue) {
  const auto same = [](SimulatedRun run) { return run.queues(); };
  const Verdicts seen = verdicts_of(2000, same, same);
  EXPECT_THAT(alarms(seen), Le(5));
  EXPECT_THAT(seen.at(ComparisonVerdict::kSame), Ge(40))
      << "a queue is noisy: the rest is not comparable, not wrong";
}

TEST(CompareErrorRates, FindATenPercentWorseP99InNinetyOfAHundredPairs) {
  Verdicts seen = verdicts_of(
      3000, [](SimulatedRun run) { return run; },
      [](SimulatedRun run) { return run.has_a_worse_tail(0.10); });
  EXPECT_THAT(seen[ComparisonVerdict::kWorse], Ge(90));
  EXPECT_THAT(seen[ComparisonVerdict::kBetter], Le(2));
}

TEST(CompareErrorRates, FindATenPercentBetterP99AsOften) {
  Verdicts seen = verdicts_of(
      4000, [](SimulatedRun run) { return run.has_a_worse_tail(0.11); },
      [](SimulatedRun run) { return run; });
  EXPECT_THAT(seen[ComparisonVerdict::kBetter], Ge(90));
}

TEST(CompareErrorRates, FindHalfAPercentOfErrors) {
  Verdicts seen = verdicts_of(
      5000, [](SimulatedRun run) { return run.lasts(20, 500); },
      [](SimulatedRun run) { return run.lasts(20, 500).fails(0.005); });
  EXPECT_THAT(seen[ComparisonVerdict::kWorse], Ge(90));
}

// Runs differ by 2.5 % among themselves here, more than the tolerance is made for. Each of 200 is
// compared with one run of the same thing, and with that and two more.
TEST(CompareErrorRates, AreLowerWithThreeBaselinesWhereRunsDifferMuchAmongThemselves) {
  const auto run = [](std::uint64_t seed) {
    return SimulatedRun(seed).lasts(30, 500).drifts(0.025).made();
  };
  int with_one = 0;
  int with_three = 0;
  for (std::uint64_t seed = 10'000; seed < 10'000 + 4 * 200; seed += 4) {
    const std::vector<ComparedRun> before{run(seed), run(seed + 1), run(seed + 2)};
    const ComparedRun now = run(seed + 3);
    if (compare(before.front(), now, {}).verdict == ComparisonVerdict::kWorse) ++with_one;
    if (compare(before, now, {}).verdict == ComparisonVerdict::kWorse) ++with_three;
  }
  RecordProperty("alarms_with_one", with_one);
  RecordProperty("alarms_with_three", with_three);
  EXPECT_THAT(with_one, Ge(8)) << "else there is nothing to lower";
  EXPECT_THAT(3 * with_three, Le(2 * with_one)) << with_three << " instead of " << with_one;
}

}  // namespace
}  // namespace squall::reports
