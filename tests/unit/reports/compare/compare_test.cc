#include "reports/compare/compare.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// 100 requests: 60 at `body`, 36 at twice, 4 at ten times that. So p50 is `body`, p90 twice, p99
/// ten times.
ComparedSecond second_of(std::chrono::microseconds body, std::uint64_t not_ok = 0) {
  ComparedSecond second;
  second.due = second.completed = 100;
  second.not_ok = not_ok;
  Histogram response;
  response.record_micros(body.count(), 60);
  response.record_micros(2 * body.count(), 36);
  response.record_micros(10 * body.count(), 4);
  second.response = SparseHistogram(response);
  return second;
}

ComparedRun run_of(std::vector<ComparedSecond> seconds) {
  ComparedRun run;
  run.run = "run";
  run.scenario = "sample";
  run.text = "squall: 1";
  run.verdict = "pass";
  run.agents = 1;
  run.machine = Machine{.cpu = "abacus",
                        .cores = 2,
                        .memory_bytes = 8'000'000'000,
                        .kernel = "Linux 6",
                        .squall = "0.1.0"};
  ComparedLoad load;
  load.name = "browse";
  load.seconds = std::move(seconds);
  load.phases = {{"whole", 0, load.to()}};
  run.loads.push_back(std::move(load));
  return run;
}

ComparedRun steady(std::chrono::microseconds body, std::size_t seconds = 60,
                   std::uint64_t not_ok = 0) {
  return run_of(std::vector<ComparedSecond>(seconds, second_of(body, not_ok)));
}

const Difference& figure(const Comparison& comparison, const std::string& name,
                         const std::string& phase = "") {
  const auto found =
      std::find_if(comparison.differences.begin(), comparison.differences.end(),
                   [&](const Difference& one) { return one.figure == name && one.phase == phase; });
  EXPECT_NE(found, comparison.differences.end()) << name << " " << phase;
  return *found;
}

TEST(Compare, FindsARunTheSameAsItself) {
  const Comparison same = compare(steady(10ms), steady(10ms), {});
  EXPECT_EQ(same.verdict, ComparisonVerdict::kSame);
  EXPECT_THAT(same.reasons, ElementsAre("no difference of more than 6 %"));
  const Difference& p99 = figure(same, "p99");
  EXPECT_DOUBLE_EQ(*p99.change, 0);
  EXPECT_NEAR(*p99.a, 100, 0.1);
  EXPECT_EQ(figure(same, "p99.9").answer, Difference::Answer::kTooFew)
      << "6 of 6,000 lie beyond it";
  EXPECT_EQ(exit_code(same.verdict), 0);
}

TEST(Compare, FindsWhatIsSlowerWorseAndWhatIsFasterBetter) {
  // Every latency 10 % up: each of p50, p90, p99 rises by 10 %, more than the tolerance of 6 %.
  const Comparison worse = compare(steady(10ms), steady(11ms), {});
  EXPECT_EQ(worse.verdict, ComparisonVerdict::kWorse);
  EXPECT_EQ(exit_code(worse.verdict), 1);
  EXPECT_NEAR(*figure(worse, "p50").change, 0.1, 0.001);
  EXPECT_THAT(worse.reasons, Contains(HasSubstr("browse: p50 rose by 10.0 % (")));
  EXPECT_EQ(compare(steady(11ms), steady(10ms), {}).verdict, ComparisonVerdict::kBetter);
}

TEST(Compare, LetsPassWhatIsClearButWithinTheTolerance) {
  const Comparison small = compare(steady(10ms), steady(10'400us), {});
  EXPECT_EQ(small.verdict, ComparisonVerdict::kSame);
  EXPECT_GT(*figure(small, "p50").low, 0) << "statistically it is clear";
  EXPECT_EQ(compare(steady(10ms), steady(10'400us), {.tolerance = 0.03}).verdict,
            ComparisonVerdict::kWorse);
}

TEST(Compare, LetsPassWhatIsLargeOnlyInPercent) {
  // p50 from 50 to 80 µs is 60 % more, but only 30 µs; p99 from 0.5 to 0.8 ms is 0.3 ms.
  const Comparison tiny = compare(steady(50us), steady(80us), {});
  EXPECT_EQ(figure(tiny, "p50").answer, Difference::Answer::kSame);
  EXPECT_EQ(figure(tiny, "p99").answer, Difference::Answer::kWorse);
}

TEST(Compare, CountsErrorsByThePoint) {
  // Each second 1 of 100 not ok: 1 % of all, with no spread; limit 0.1 %.
  const Comparison errors = compare(steady(10ms), steady(10ms, 60, 1), {});
  EXPECT_EQ(errors.verdict, ComparisonVerdict::kWorse);
  EXPECT_DOUBLE_EQ(*figure(errors, "not ok").change, 0.01);
  EXPECT_DOUBLE_EQ(figure(errors, "not ok").limit, 0.001);
  EXPECT_THAT(errors.reasons, ElementsAre(HasSubstr("browse: not ok rose by 1.000 % of all (+")));
}

TEST(Compare, DoesNotTakeOneBadSecondForATrend) {
  // 60 errors in one second of 60 are 1 % of all, too. But they are one event, not sixty.
  std::vector<ComparedSecond> seconds(60, second_of(10ms));
  seconds[30].not_ok = 60;
  const Comparison burst = compare(steady(10ms), run_of(seconds), {});
  EXPECT_EQ(figure(burst, "not ok").answer, Difference::Answer::kUnclear);
  EXPECT_EQ(burst.verdict, ComparisonVerdict::kNotComparable);
  EXPECT_THAT(burst.reasons, ElementsAre(HasSubstr("too noisy: browse: not ok rose by 1.000 %")));
  EXPECT_EQ(exit_code(burst.verdict), 4);
}

TEST(Compare, DoesNotTakeTwoStallsForASlowerTail) {
  // In B two seconds of 60 stall: their requests take 10, 20, … 1,000 ms. 180 of 6,000 lie beyond
  // the 100 ms that were p99, so that it rises to 700 ms. In A there was no such second, but that
  // is luck of the same kind.
  ComparedSecond stalled;
  stalled.due = stalled.completed = 100;
  Histogram response;
  for (int i = 1; i <= 100; ++i) response.record(10ms * i);
  stalled.response = SparseHistogram(response);
  std::vector<ComparedSecond> seconds(60, second_of(10ms));
  seconds[12] = seconds[41] = stalled;
  const Comparison stalls = compare(steady(10ms), run_of(seconds), {});
  EXPECT_GT(*figure(stalls, "p99").change, 5);
  EXPECT_EQ(figure(stalls, "p99").answer, Difference::Answer::kUnclear);
  EXPECT_EQ(stalls.verdict, ComparisonVerdict::kNotComparable);
}

TEST(Compare, FindsALoadThatCompletesLess) {
  std::vector<ComparedSecond> seconds(60, second_of(10ms));
  for (ComparedSecond& second : seconds) second.completed = 90;
  const Comparison less = compare(steady(10ms), run_of(seconds), {});
  EXPECT_EQ(figure(less, "completed").answer, Difference::Answer::kWorse);
  EXPECT_NEAR(*figure(less, "completed").change, -0.1, 1e-9);
}

TEST(Compare, ComparesOnlyWhatIsAlike) {
  const ComparedRun a = steady(10ms);
  ComparedRun b = a;
  b.text = "squall: 1\nseed: 2";
  EXPECT_THAT(compare(a, b, {}).reasons, ElementsAre("the text of scenario sample is another"));
  EXPECT_EQ(compare(a, b, {}).verdict, ComparisonVerdict::kNotComparable);
  EXPECT_EQ(compare(a, b, {.anyway = true}).verdict, ComparisonVerdict::kSame);
  EXPECT_THAT(compare(a, b, {.anyway = true}).remarks,
              ElementsAre("the text of scenario sample is another"));
  b = a;
  b.machine->cpu = "slide rule";
  EXPECT_THAT(
      compare(a, b, {}).reasons,
      ElementsAre("other machine: abacus (2 cores, 8.0 GB) and slide rule (2 cores, 8.0 GB)"));
  b = a;
  b.machine->kernel = "Linux 7";
  EXPECT_EQ(compare(a, b, {}).verdict, ComparisonVerdict::kSame);
  EXPECT_THAT(compare(a, b, {}).remarks, ElementsAre("other kernel: Linux 6 and Linux 7"));
  b = a;
  b.verdict = "invalid";
  EXPECT_THAT(compare(a, b, {.anyway = true}).reasons, ElementsAre("B's verdict is invalid"));
  b = a;
  b.loads[0].name = "other";
  EXPECT_THAT(compare(a, b, {}).reasons,
              ElementsAre("B has no load browse", "A has no load other"));
}

TEST(Compare, SaysThatTheScenarioIsNotKnownWhereItIsNot) {
  ComparedRun a = steady(10ms);
  a.text.clear();
  const Comparison unknown = compare(a, a, {});
  EXPECT_EQ(unknown.verdict, ComparisonVerdict::kNotComparable);
  EXPECT_THAT(unknown.reasons,
              ElementsAre("there is no scenario.yaml beside A and B: whether both ran the same "
                          "scenario cannot be told (--anyway compares them nevertheless)"));
  EXPECT_THAT(compare(a, steady(10ms), {}).reasons, ElementsAre(HasSubstr("beside A: ")));
  EXPECT_EQ(compare(a, a, {.anyway = true}).verdict, ComparisonVerdict::kSame);
}

/// 20 s at 3,000/s in which a fault is in force from second 12 on, for `length`; `not_ok` of 100
/// are lost then.
ComparedRun with_gone(std::int64_t length, std::uint64_t not_ok,
                      std::chrono::microseconds body = 10ms) {
  std::vector<ComparedSecond> seconds(20, second_of(10ms));
  std::fill_n(seconds.begin() + 12, length, second_of(body, not_ok));
  for (ComparedSecond& second : seconds) {
    second.due *= 30;
    second.completed *= 30;
    second.not_ok *= 30;
    Histogram response;
    for (int i = 0; i < 30; ++i) second.response.add_to(response);
    second.response = SparseHistogram(response);
  }
  ComparedRun run = run_of(std::move(seconds));
  run.loads[0].phases = {
      {"before gone", 0, 12}, {"during gone", 12, 12 + length}, {"after gone", 12 + length, 20}};
  return run;
}

TEST(CompareShortPhases, FindsARunThatLostItsUsersForThreeSeconds) {
  // 90 of 100 in each of 3 s of 20: 13.5 % of all.
  const Comparison lost = compare(with_gone(3, 0), with_gone(3, 90), {});
  EXPECT_EQ(lost.verdict, ComparisonVerdict::kWorse);
  EXPECT_THAT(lost.reasons, Contains(HasSubstr("browse: not ok rose by 13.500 % of all")));
  EXPECT_THAT(lost.reasons, Contains(HasSubstr("browse during gone: not ok rose by 90.000 %")));
  EXPECT_EQ(compare(with_gone(3, 90), with_gone(3, 0), {}).verdict, ComparisonVerdict::kBetter);
  EXPECT_EQ(compare(with_gone(3, 90), with_gone(3, 90), {}).verdict, ComparisonVerdict::kSame);
}

TEST(CompareShortPhases, AreTheSameOnlyWhereEachWasJudged) {
  const Comparison same = compare(with_gone(3, 0), with_gone(3, 0), {});
  EXPECT_EQ(same.verdict, ComparisonVerdict::kSame);
  EXPECT_THAT(same.remarks,
              Contains("browse during gone lasted 3 s: its tail may differ and not be noticed"));
  const Comparison brief = compare(with_gone(2, 0), with_gone(2, 0), {});
  EXPECT_EQ(brief.verdict, ComparisonVerdict::kNotComparable);
  EXPECT_THAT(brief.reasons, ElementsAre("not judged, 2 s are too short: browse during gone: "
                                         "not ok is the same, 0.000 %"));
}

TEST(CompareShortPhases, SeesWhatIsManyTimesSlowerThoughNothingWasLost) {
  const Comparison slow = compare(with_gone(4, 0), with_gone(4, 0, 100ms), {});
  EXPECT_EQ(slow.verdict, ComparisonVerdict::kWorse);
  EXPECT_THAT(slow.reasons, Contains(HasSubstr("browse during gone: p50 rose by")));
}

TEST(CompareShortPhases, AreARemarkWhereTheyHaveHardlyAnyRequests) {
  // 1 s of 60 is 1.7 % of the requests.
  const auto restarted = [] {
    ComparedRun run = steady(10ms);
    run.loads[0].phases = {{"before x", 0, 30}, {"during x", 30, 31}, {"after x", 31, 60}};
    return run;
  };
  const Comparison same = compare(restarted(), restarted(), {});
  EXPECT_EQ(same.verdict, ComparisonVerdict::kSame);
  EXPECT_THAT(same.remarks,
              ElementsAre("browse during x was not judged by itself: 1 s, 1.7 % of the requests"));
  ComparedRun lost = restarted();
  lost.loads[0].seconds[30].not_ok = 100;
  EXPECT_EQ(compare(restarted(), lost, {}).verdict, ComparisonVerdict::kNotComparable)
      << "it is seen in the whole, where it might be luck";
}

TEST(Compare, TellsOfPhasesAndObjectivesThatOnlyOneHas) {
  ComparedRun b = with_gone(3, 0);
  b.loads[0].phases[1].name = "during other";
  b.objectives.push_back({.name = "fast",
                          .load = "browse",
                          .goal = 0.9,
                          .answer = "met",
                          .from = 0,
                          .samples = {},
                          .bad = {}});
  const Comparison unlike = compare(with_gone(3, 0), b, {});
  EXPECT_EQ(unlike.verdict, ComparisonVerdict::kNotComparable);
  EXPECT_THAT(unlike.reasons,
              ElementsAre("B has no phase \"during gone\" of browse",
                          "A has no phase \"during other\" of browse", "A has no objective fast"));
  EXPECT_THAT(compare(b, with_gone(3, 0), {}).reasons, Contains("B has no objective fast"));
}

/// With an objective of 90 % whose `bad` of 100 are bad in each second.
ComparedRun with_objective_at(double bad, const std::string& answer) {
  ComparedRun run = steady(10ms);
  run.objectives.push_back({.name = "fast",
                            .load = "browse",
                            .goal = 0.9,
                            .answer = answer,
                            .from = 0,
                            .samples = std::vector<double>(60, 100),
                            .bad = std::vector<double>(60, bad)});
  return run;
}

TEST(Compare, FindsAnObjectiveThatIsMissedNowWorse) {
  const Comparison missed =
      compare(with_objective_at(8, "met"), with_objective_at(12, "missed"), {});
  EXPECT_EQ(missed.verdict, ComparisonVerdict::kWorse);
  EXPECT_THAT(missed.reasons, ElementsAre(HasSubstr("to 12.000 %, met in A and missed in B")));
  EXPECT_EQ(compare(with_objective_at(12, "missed"), with_objective_at(8, "met"), {}).verdict,
            ComparisonVerdict::kBetter);
}

TEST(Compare, IsUnclearAboutAnObjectiveThatChanceAloneMayHaveTurned) {
  // 595 and 605 of 6,000, 600 allowed: half a standard error apart, while the intervals are wider
  // than twice the limit.
  ComparedRun a = with_objective_at(10, "met");
  ComparedRun b = with_objective_at(10, "missed");
  for (std::size_t i = 0; i < 5; ++i) {
    a.objectives[0].bad[12 * i] = 9;
    b.objectives[0].bad[12 * i] = 11;
  }
  const Comparison turned = compare(a, b, {});
  EXPECT_EQ(turned.verdict, ComparisonVerdict::kNotComparable);
  EXPECT_THAT(turned.reasons, ElementsAre(HasSubstr("too noisy: browse: objective fast")));
}

TEST(Compare, NeedsTenSecondsAndEnoughRequests) {
  const Comparison brief = compare(steady(10ms, 9), steady(20ms, 9), {});
  EXPECT_EQ(brief.verdict, ComparisonVerdict::kNotComparable);
  EXPECT_THAT(brief.reasons, ElementsAre(HasSubstr("too short")));
  EXPECT_NEAR(*figure(brief, "p50").change, 1, 0.001) << "told, but not judged";
  EXPECT_FALSE(figure(brief, "p50").low);
  // 19 s have 1,900 requests, of which 19 should lie beyond p99: one too few.
  const Comparison few = compare(steady(10ms, 19), steady(10ms, 19), {});
  EXPECT_THAT(few.reasons, ElementsAre(HasSubstr("too few samples: browse: p99")));
}

TEST(Compare, JudgesPhasesByThemselves) {
  // 20 s, a fault of 20 s in which all takes three times as long, 20 s; in B four times.
  const auto with_fault = [](std::chrono::microseconds under) {
    std::vector<ComparedSecond> seconds(60, second_of(10ms));
    std::fill(seconds.begin() + 20, seconds.begin() + 40, second_of(under));
    ComparedRun run = run_of(std::move(seconds));
    run.loads[0].phases = {{"before x", 0, 20}, {"during x", 20, 40}, {"after x", 40, 60}};
    return run;
  };
  const Comparison same = compare(with_fault(30ms), with_fault(30ms), {});
  EXPECT_EQ(same.verdict, ComparisonVerdict::kSame);
  EXPECT_FALSE(figure(same, "p99").is_decisive) << "a whole of unlike parts";
  EXPECT_TRUE(figure(same, "p99", "during x").is_decisive);
  const Comparison worse = compare(with_fault(30ms), with_fault(40ms), {});
  EXPECT_EQ(figure(worse, "p99", "during x").answer, Difference::Answer::kWorse);
  EXPECT_EQ(figure(worse, "p99", "before x").answer, Difference::Answer::kSame);
  EXPECT_THAT(worse.reasons, Contains(HasSubstr("browse during x: p99 rose by 33.")));
}

TEST(Compare, HoldsObjectivesToTheirOwnBudget) {
  // 99.9 % of 12,000: half of the budget is 0.05 %. 12 bad in A (0.1 %), 24 in B, evenly spread.
  const auto with_objective = [](double bad) {
    ComparedRun run = steady(10ms);
    run.objectives.push_back({.name = "fast",
                              .load = "browse",
                              .goal = 0.999,
                              .from = 0,
                              .samples = std::vector<double>(60, 2000),
                              .bad = std::vector<double>(60, bad)});
    return run;
  };
  const Comparison more = compare(with_objective(2), with_objective(4), {});
  const Difference& fast = figure(more, "objective fast");
  EXPECT_DOUBLE_EQ(fast.limit, 0.0005);
  EXPECT_DOUBLE_EQ(*fast.change, 0.001);
  EXPECT_EQ(fast.answer, Difference::Answer::kWorse);
}

TEST(CompareLoads, JudgesACanaryByLatencyAndErrorsButNotByItsShare) {
  ComparedLoad control = steady(10ms).loads[0];
  ComparedLoad canary = steady(10ms, 60, 2).loads[0];
  canary.name = "browse-canary";
  for (ComparedSecond& second : canary.seconds) second.completed = 50;
  const Comparison judged = compare_loads(control, canary, {});
  EXPECT_EQ(judged.verdict, ComparisonVerdict::kWorse);
  EXPECT_THAT(judged.reasons, ElementsAre(HasSubstr("browse: not ok rose by 2.000 % of all")));
}

/// A run that searched, whose capacity without faults and with one were found.
ComparedRun searched(double whole, double with_gone) {
  ComparedRun run = steady(std::chrono::microseconds(1000));
  run.capacities = {{"browse", "without faults", whole, whole * 1.04},
                    {"browse", "with gone", with_gone, with_gone * 1.04}};
  return run;
}

TEST(CompareCapacities, RowByRowAndNothingElseOfTheLoadThatWasSearched) {
  const Comparison same = compare(searched(1000, 600), searched(1010, 590), {});
  EXPECT_EQ(same.verdict, ComparisonVerdict::kSame);
  ASSERT_THAT(same.differences, testing::SizeIs(2));
  EXPECT_EQ(same.differences[1].phase, "with gone");
  // 590/624 and 613.6/600.
  EXPECT_NEAR(same.differences[1].low.value(), -0.0545, 1e-4);
  EXPECT_NEAR(same.differences[1].high.value(), 0.0227, 1e-4);
}

TEST(CompareCapacities, AreWorseWhereOneRowHoldsLessThanBothSearchesAllow) {
  const Comparison worse = compare(searched(1000, 600), searched(1000, 500), {});
  EXPECT_EQ(worse.verdict, ComparisonVerdict::kWorse);
  EXPECT_THAT(worse.reasons, ElementsAre(HasSubstr("browse with gone: capacity fell by 16.7 %")));
  EXPECT_EQ(compare(searched(1000, 500), searched(1000, 600), {}).verdict,
            ComparisonVerdict::kBetter);
}

TEST(CompareCapacities, AreNotComparableWhereARowIsMissing) {
  ComparedRun fewer = searched(1000, 600);
  fewer.capacities.pop_back();
  const Comparison unlike = compare(searched(1000, 600), fewer, {});
  EXPECT_EQ(unlike.verdict, ComparisonVerdict::kNotComparable);
  EXPECT_THAT(unlike.reasons, ElementsAre("B has no capacity of browse with gone"));
}

TEST(CompareWithSeveral, TakesTheMedianSoThatOneLuckyBaselineRaisesNoAlarm) {
  using std::chrono::microseconds;
  const ComparedRun now = steady(microseconds(1000));
  const ComparedRun usual = steady(microseconds(990));
  const ComparedRun lucky = steady(microseconds(800));
  EXPECT_EQ(compare(lucky, now, {}).verdict, ComparisonVerdict::kWorse);
  EXPECT_EQ(compare({usual, lucky, usual}, now, {}).verdict, ComparisonVerdict::kSame);
  EXPECT_EQ(compare({lucky, usual, lucky}, now, {}).verdict, ComparisonVerdict::kWorse);
}

TEST(CompareWithSeveral, TakesTheKinderOfTwo) {
  using std::chrono::microseconds;
  const ComparedRun now = steady(microseconds(1000));
  EXPECT_EQ(compare({steady(microseconds(990)), steady(microseconds(800))}, now, {}).verdict,
            ComparisonVerdict::kSame);
  EXPECT_EQ(compare({steady(microseconds(790)), steady(microseconds(800))}, now, {}).verdict,
            ComparisonVerdict::kWorse);
}

TEST(CompareWithSeveral, NamesTheBaselineThatCannotBeCompared) {
  using std::chrono::microseconds;
  ComparedRun broken = steady(microseconds(1000));
  broken.run = "monday";
  broken.verdict = "invalid";
  const Comparison comparison =
      compare({steady(microseconds(1000)), broken}, steady(microseconds(1000)), {});
  EXPECT_EQ(comparison.verdict, ComparisonVerdict::kNotComparable);
  EXPECT_THAT(comparison.reasons, ElementsAre("monday: A's verdict is invalid"));
}

TEST(CompareWithSeveral, SaysOfOneWhatIsSaidOfIt) {
  using std::chrono::microseconds;
  const ComparedRun a = steady(microseconds(1000));
  const ComparedRun b = steady(microseconds(1200));
  const Comparison one = compare(a, b, {});
  const Comparison listed = compare(std::vector{a}, b, {});
  EXPECT_EQ(listed.verdict, one.verdict);
  EXPECT_EQ(listed.reasons, one.reasons);
  EXPECT_EQ(listed.a, one.a);
}

}  // namespace
}  // namespace squall::reports
