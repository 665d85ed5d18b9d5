#include "reports/judge/impact.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/judge/run_result.h"

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// 100/s for 40 s, answered in 5 ms where nothing else is said.
class Impact : public testing::Test {
 protected:
  Impact() {
    RunRecord& record = run_.record();
    record.plan.length = 40s;
    record.duration = 40'020ms;
    record.plan.loads[0].to = 40s;
    std::get<generators::OpenSpec>(record.scenario.loads[0].schedule).stages[0].length = 40s;
  }

  /// Of the seconds [from, to) so many requests each timed out after 2 s.
  void fail(std::int64_t from, std::int64_t to, std::uint64_t times) {
    for (std::int64_t second = from; second < to; ++second) failing_[second] = times;
  }
  /// All of a second took so long.
  void slow(std::int64_t second, Duration response) { slow_[second] = response; }

  RunResult judged() {
    for (std::int64_t second = 0; second < 40; ++second) {
      const std::uint64_t failing = failing_.contains(second) ? failing_[second] : 0;
      run_.answers(second, 100 - failing, slow_.contains(second) ? slow_[second] : 5ms);
      if (failing > 0) run_.fails(second, failing, ErrorClass::kTimeout, 2s);
    }
    return judge(run_.record());
  }

  SampleRun run_;
  std::map<std::int64_t, std::uint64_t> failing_;
  std::map<std::int64_t, Duration> slow_;
};

TEST_F(Impact, IsWorkedOutForAFaultThatHurt) {
  // In force from 20.003 s to 25.003 s. In seconds 20 to 24 six in ten time out, in 25 all are
  // slow. Those of second 20 are known to fail from 22.01 s on (2 s later, to the next hundredth):
  // no alert can be older. Scaled to 40 s the hour is 6.67 s and its limit, 14.4 × 1 %, 0.96 s of
  // total outage: 1.6 s of this one, so 23.61 s. Steady again from second 26. Of ten seconds 300 of
  // 1000 were not ok. The run allows 40 bad ones; all were bad while the fault was in force.
  run_.is_stopped("pause", 20s, 25s).wants_status_below("available", 500, 0.99);
  fail(20, 25, 60);
  slow(25, 800ms);
  const RunResult result = judged();
  ASSERT_EQ(result.steady.size(), 1U);
  EXPECT_EQ(result.steady[0].seconds, 20);
  EXPECT_DOUBLE_EQ(result.steady[0].error_share_limit, 0.01);
  EXPECT_NEAR(to_milliseconds(result.steady[0].p99_limit), 10, 0.02);

  const FaultImpact& impact = result.faults[0].impact.value();
  EXPECT_EQ(impact.effective, 20'003ms);
  EXPECT_EQ(impact.departed, 20s);
  EXPECT_NEAR(to_seconds(*impact.detected), 23.61, 1e-4);
  EXPECT_EQ(impact.detected_by, "page alert 6.67 s and 1 s of available, scaled to the run");
  EXPECT_EQ(impact.recovered, 26s);
  EXPECT_FALSE(impact.recovered_under);
  EXPECT_EQ(impact.not_ok, 300U);
  ASSERT_EQ(impact.depth.size(), 1U);
  EXPECT_DOUBLE_EQ(impact.depth[0].error_share, 0.3);
  EXPECT_EQ(impact.depth[0].error_share_from, 20s);
  EXPECT_NEAR(to_seconds(impact.depth[0].p99), 2, 0.01);
  EXPECT_DOUBLE_EQ(result.faults[0].budget_spent.at("available"), 7.5);
  EXPECT_THAT(impact.budget_spent_after, IsEmpty());
  EXPECT_THAT(impact.overlaps, IsEmpty());
  EXPECT_EQ(impact.sentence,
            "detected after 3.61 s (page alert 6.67 s and 1 s of available, scaled to the run); "
            "recovered 1 s after its end; worst 10 s of browse: 30 % not ok, p99 2.00 s; 300 "
            "requests not ok");
}

TEST_F(Impact, IsDetectedByAGuardRatherThanByAScaledAlert) {
  run_.is_stopped("pause", 20s, 25s).wants_status_below("available", 500, 0.99);
  run_.record().guard_trips.push_back({"errors", 24s, 20s, "…"});
  fail(20, 25, 60);
  const auto impact = judged().faults[0].impact.value();
  EXPECT_EQ(impact.detected, 24s);
  EXPECT_EQ(impact.detected_by, "guard errors");
}

TEST_F(Impact, IsDetectedByTheSteadyStateWhereNothingElseWatches) {
  run_.is_stopped("pause", 20s, 25s);
  slow(21, 50ms);
  const auto impact = judged().faults[0].impact.value();
  // Above 10 ms is not steady: of the last request of second 21 that is known 10 ms later.
  EXPECT_NEAR(to_seconds(*impact.detected), 22.01, 1e-4);
  EXPECT_EQ(impact.detected_by, "leaving the steady state");
  EXPECT_EQ(impact.recovered_under, std::nullopt);  // 22 to 25 are less than five seconds.
  EXPECT_EQ(impact.recovered, 25'003ms);
}

TEST_F(Impact, OfAHarmlessFaultIsNone) {
  run_.is_stopped("pause", 20s, 25s);
  const auto impact = judged().faults[0].impact.value();
  EXPECT_FALSE(impact.departed);
  EXPECT_FALSE(impact.detected);
  EXPECT_EQ(impact.recovered, 25'003ms);
  EXPECT_THAT(impact.sentence, HasSubstr("the steady state was never left"));
}

TEST_F(Impact, KnowsOfARecoveryUnderTheFault) {
  // In force from 10 to 30; a fail-over works from second 14 on.
  run_.is_stopped("pause", 10s, 30s);
  fail(10, 14, 50);
  const auto impact = judged().faults[0].impact.value();
  EXPECT_EQ(impact.recovered_under, 14s);
  EXPECT_EQ(impact.recovered, 30'003ms);
  // The worst ten seconds are the first: 200 of 1000.
  EXPECT_DOUBLE_EQ(impact.depth[0].error_share, 0.2);
  EXPECT_THAT(impact.sentence, HasSubstr("steady again under it after 4 s"));
}

TEST_F(Impact, IsNotChargedWithWhatFailsAllTheTime) {
  // Five in a hundred always fail. Seconds 20 to 24 have 30 each instead: 25 more than usual.
  fail(0, 40, 5);
  fail(20, 25, 30);
  run_.is_stopped("pause", 20s, 25s);
  const auto impact = judged().faults[0].impact.value();
  EXPECT_EQ(impact.not_ok, 150U);
  EXPECT_EQ(impact.not_ok_more, 125U);
  EXPECT_THAT(impact.sentence,
              HasSubstr("150 requests not ok, 125 more than at the rate before the faults"));
}

TEST_F(Impact, OfWhichNothingWasLearntBeforeSaysSo) {
  run_.is_stopped("pause", 1s, 5s);
  fail(0, 40, 5);
  const auto impact = judged().faults[0].impact.value();
  EXPECT_FALSE(impact.not_ok_more);
  EXPECT_THAT(impact.sentence, HasSubstr("not ok in that time, whatever the cause"));
}

TEST_F(Impact, TellsTheLengthOfAShorterStretch) {
  // Four seconds are left of the load.
  run_.is_stopped("pause", 36s, 40s);
  fail(36, 40, 50);
  const auto impact = judged().faults[0].impact.value();
  EXPECT_EQ(impact.depth[0].length, 4s);
  EXPECT_THAT(impact.sentence, HasSubstr("worst 4 s of browse: 50 % not ok"));
}

TEST_F(Impact, CountsWhatTheAftermathCosts) {
  // Ends at 15.003 s, as planned; 50 of 100 fail until 20. Seconds 10 to 14 are its own and 15 to
  // 19 come after: 250 each, of 40 allowed.
  run_.is_stopped("pause", 10s, 15s).wants_status_below("available", 500, 0.99);
  fail(10, 20, 50);
  const RunResult result = judged();
  const auto& impact = result.faults[0].impact.value();
  EXPECT_EQ(impact.recovered, 20s);
  EXPECT_EQ(impact.not_ok, 500U);
  EXPECT_DOUBLE_EQ(result.faults[0].budget_spent.at("available"), 6.25);
  EXPECT_DOUBLE_EQ(impact.budget_spent_after.at("available"), 6.25);
}

TEST_F(Impact, OfAFaultThatBeginsAsAnotherEndsIsNotAnOverlap) {
  // The first is undone at 15.003 s, the other begins at 15.001 s.
  run_.is_stopped("a", 10s, 15s).is_stopped("b", 15s, 20s);
  run_.record().faults.back().from = 15'001ms;
  fail(10, 20, 50);
  const RunResult result = judged();
  EXPECT_THAT(result.faults[0].impact->overlaps, IsEmpty());
  EXPECT_EQ(result.faults[0].impact->note,
            "b began 0 s after its end, before it was steady for 5 s");
}

TEST_F(Impact, OfOverlappingFaultsIsNotToldApart) {
  run_.is_stopped("a", 10s, 20s).is_stopped("b", 15s, 25s);
  fail(10, 25, 50);
  const RunResult result = judged();
  EXPECT_THAT(result.faults[0].impact->overlaps, ElementsAre("b"));
  EXPECT_THAT(result.faults[1].impact->overlaps, ElementsAre("a"));
  EXPECT_EQ(result.faults[0].impact->recovered, 25s);
  EXPECT_THAT(result.faults[0].impact->sentence,
              HasSubstr("a overlapped with b: what is whose cannot be told"));
}

TEST_F(Impact, OfAFaultThatFindsTheServiceStillHurtIsNotToldApart) {
  run_.is_stopped("a", 10s, 12s).is_stopped("b", 20s, 22s);
  fail(10, 25, 50);
  const RunResult result = judged();
  EXPECT_FALSE(result.faults[0].impact->recovered);
  EXPECT_EQ(result.faults[0].impact->note,
            "b began 8 s after its end, before it was steady for 5 s");
  EXPECT_THAT(result.faults[0].impact->overlaps, IsEmpty());
  EXPECT_THAT(result.faults[1].impact->overlaps, ElementsAre("a"));
}

TEST_F(Impact, SaysNothingOfARecoveryThatTheRunDidNotWaitFor) {
  run_.is_stopped("pause", 30s, 37s);
  fail(30, 37, 50);
  const auto impact = judged().faults[0].impact.value();
  EXPECT_FALSE(impact.recovered);
  EXPECT_EQ(impact.note, "the load ended 3 s after its end, before it was steady for 5 s");
}

TEST_F(Impact, NeedsABaseline) {
  run_.is_stopped("pause", 3s, 5s);
  const RunResult result = judged();
  EXPECT_THAT(result.steady, IsEmpty());
  EXPECT_EQ(result.faults[0].impact->note,
            "no steady state is known: it takes 5 seconds of load before the first fault");
}

TEST_F(Impact, ASpreadInTheBaselineWidensWhatIsSteady) {
  // p99 by turns 20 and 40 ms: median 30, MAD 10, limit 30 + 6 × 1.4826 × 10 = 119 ms.
  for (std::int64_t second = 0; second < 40; ++second) slow(second, second % 2 == 0 ? 20ms : 40ms);
  slow(21, 110ms);
  slow(22, 130ms);
  run_.is_stopped("pause", 20s, 25s);
  const RunResult result = judged();
  EXPECT_NEAR(to_milliseconds(result.steady[0].p99_limit), 118.96, 0.2);
  EXPECT_EQ(result.faults[0].impact->departed, 22s);
}

TEST_F(Impact, ASteadyStateThatIsStatedNeedsNoBaselineAndIsTheMeasure) {
  // From 2 s on it is stopped: two seconds are no baseline. Stated: at most 10 % not ok, any p99,
  // held for 3 s. Seconds 2 to 5 have 20 % errors, 6 to 8 have 10 %, which is allowed, 9 has 11 %,
  // from 10 on all is well. So it is steady again under the fault from 6 on (6, 7 and 8), and after
  // its end at 9.003 s from 10 on. Not ok: 4 × 20 + 3 × 10 + 11 = 121.
  run_.is_stopped("pause", 2s, 9s);
  run_.record().scenario.steady.push_back(
      {.load = "browse", .error_share = Share{0.1}, .p99 = {}, .hold = 3s});
  fail(2, 6, 20);
  fail(6, 9, 10);
  fail(9, 10, 11);
  const RunResult result = judged();
  const FaultImpact& impact = *result.faults[0].impact;
  EXPECT_EQ(impact.departed, Duration(2s));
  EXPECT_EQ(impact.recovered_under, Duration(6s));
  EXPECT_EQ(impact.recovered, Duration(10s));
  EXPECT_EQ(impact.not_ok, 121U);
  EXPECT_EQ(impact.note, "");
  ASSERT_EQ(result.steady.size(), 1U);
  EXPECT_TRUE(result.steady[0].is_error_share_stated);
  EXPECT_FALSE(result.steady[0].is_p99_stated);
  EXPECT_EQ(result.steady[0].hold, 3);
}

TEST_F(Impact, WhatIsNotStatedIsLearnt) {
  // Ten seconds of 5 ms before it: the p99 may be 10 ms. The errors may be 50 %, as stated: so the
  // seconds with 40 % errors, which take 2 s, are not steady by their p99.
  run_.is_stopped("pause", 10s, 15s);
  run_.record().scenario.steady.push_back(
      {.load = "browse", .error_share = Share{0.5}, .p99 = {}, .hold = {}});
  fail(10, 12, 40);
  const RunResult result = judged();
  EXPECT_EQ(result.steady[0].error_share_limit, 0.5);
  EXPECT_NEAR(to_milliseconds(result.steady[0].p99_limit), 10, 0.1);
  EXPECT_EQ(result.faults[0].impact->departed, Duration(10s));
  EXPECT_EQ(result.faults[0].impact->recovered_under, std::nullopt);  // 12 to 14 are but three.
}

TEST_F(Impact, SaysThatItWasNotSteadyWhenTheFaultBegan) {
  // Half of seconds 17 to 19 is not ok, each after 2 s, and afterwards all is well. Those of 17 had
  // ended at 20.001 s, before the fault began at 20.003 s: they speak of the time before it.
  run_.is_stopped("pause", 20s, 22s);
  fail(17, 20, 50);
  const RunResult result = judged();
  const FaultImpact& impact = *result.faults[0].impact;
  EXPECT_EQ(impact.note, "it was not steady when the fault began");
  EXPECT_THAT(impact.sentence, HasSubstr(impact.note));
  EXPECT_EQ(impact.recovered, Duration(22'003ms));
}

TEST_F(Impact, WhatWasUnderWayWhenTheFaultBeganSaysNothingOfTheTimeBefore) {
  // Of those due in seconds 18 and 19 half time out 2 s later: from 20.0 s on, when the service is
  // stopped. Second 17, the last that ended before, was steady.
  run_.is_stopped("pause", 20s, 25s);
  fail(18, 25, 50);
  const RunResult result = judged();
  EXPECT_EQ(result.faults[0].impact->note, "");
}

TEST_F(Impact, IsNotDetectedBeforeARequestThatTimedOutCouldBeKnown) {
  // Stopped from 8 to 11 s; all of its seconds time out after 2 s. Known from 10.01 s on, and over
  // the 6.67 s of the hour scaled 0.96 s of total outage are needed: 10.97 s.
  run_.is_stopped("pause", 8s, 11s).wants_status_below("available", 500, 0.99);
  fail(8, 11, 100);
  const auto impact = judged().faults[0].impact.value();
  EXPECT_NEAR(to_seconds(*impact.detected), 10.97, 1e-4);
}

TEST_F(Impact, IsDetectedByWhatWasKnownOnlyAfterTheServiceHadRecovered) {
  // Stopped for a second, 10 to 11 s, in which all time out, known from 12.01 to 13.01 s; from
  // second 11 on it is steady. The second of errors is more than the 0.96 s: 12.97 s.
  run_.is_stopped("pause", 10s, 11s).wants_status_below("available", 500, 0.99);
  fail(10, 11, 100);
  const auto impact = judged().faults[0].impact.value();
  EXPECT_EQ(impact.recovered, 11'003ms);
  EXPECT_NEAR(to_seconds(*impact.detected), 12.97, 1e-4);
  EXPECT_EQ(impact.detected_by, "page alert 6.67 s and 1 s of available, scaled to the run");
}

TEST_F(Impact, LeavingTheSteadyStateByErrorsIsKnownWhenTheyEnded) {
  // At most 10 % not ok, any p99: those of second 3 have all timed out 2 s after it, at 6 s.
  run_.is_stopped("pause", 2s, 9s);
  run_.record().scenario.steady.push_back(
      {.load = "browse", .error_share = Share{0.1}, .p99 = {}, .hold = 3s});
  fail(3, 4, 20);
  const auto impact = judged().faults[0].impact.value();
  EXPECT_EQ(impact.departed, 3s);
  EXPECT_NEAR(to_seconds(*impact.detected), 6, 2e-3);
}

TEST_F(Impact, IsEffectiveFromItsFirstVerifiedEffect) {
  // Asked for at 20.003 s; at 20.250 s it was read back that it took. The sentence counts from
  // there: that second 20 was not steady is known 10 ms after it, at 21.01 s, as its p99 may be
  // 10 ms.
  run_.is_stopped("pause", 20s, 25s);
  run_.record().faults[0].effective = 20'250ms;
  fail(20, 25, 60);
  const RunResult result = judged();
  EXPECT_EQ(result.faults[0].impact->effective, Duration(20'250ms));
  EXPECT_THAT(result.faults[0].impact->sentence, HasSubstr("detected after 760 ms"));
}

TEST_F(Impact, OfAFaultThatNeverWasInForceIsNotThere) {
  run_.is_stopped("pause", 20s, 25s);
  run_.record().faults.back().from.reset();
  EXPECT_FALSE(judged().faults[0].impact);
}

TEST(Probe, IsMetWhenEachAnswerIsGood) {
  SampleRun run = good_run();
  scenarios::ProbeSpec probe;
  probe.name = "health";
  run.record().scenario.probes.push_back(probe);
  EXPECT_EQ(judge(run.record()).probes[0].sentence,
            "probe health: it was never asked when it counts");
  for (int i = 0; i < 10; ++i) {
    run.record().probe_answers.push_back({"health", std::chrono::seconds(i), i < 4 || i > 6,
                                          i < 4 || i > 6 ? "status 200" : "status 503"});
  }
  const RunResult down = judge(run.record());
  EXPECT_FALSE(down.probes[0].met);
  EXPECT_EQ(down.verdict, Verdict::kFail);
  EXPECT_EQ(down.probes[0].longest_down, 3s);
  EXPECT_EQ(down.probes[0].sentence,
            "probe health: 3 of 10 answers not as expected, down for 3 s at most; the last was: "
            "status 503");
  // It was down while a fault was in force, which may be.
  run.is_stopped("pause", 3500ms, 7s);
  run.record().scenario.probes[0].count = "before_and_after";
  EXPECT_TRUE(judge(run.record()).probes[0].met);
  run.record().scenario.probes[0].count = "always";
  run.record().scenario.probes[0].never_down_for = 4s;
  EXPECT_TRUE(judge(run.record()).probes[0].met);
  run.record().scenario.probes[0].never_down_for = 3s;
  EXPECT_FALSE(judge(run.record()).probes[0].met);
}

}  // namespace
}  // namespace squall::reports
