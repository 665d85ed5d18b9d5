#include "reports/judge/objectives.h"

#include <chrono>
#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;

ObjectiveResult judged(SampleRun& run) {
  return judge_objective(run.record().scenario.objectives.back(), run.record());
}

TEST(Objective, WithinCountsTheOkAnswersThatWereFastEnough) {
  // 1000 due: 990 in 5 ms, 6 in 400 ms, 4 timed out. 990 of 1000 are good, so 99 % is just met.
  SampleRun run;
  run.answers(0, 990, 5ms).answers(1, 6, 400ms).fails(2, 4, ErrorClass::kTimeout, 2s);
  const auto fast = judged(run.wants_within("fast", 250ms, 0.99));
  EXPECT_TRUE(fast.met);
  EXPECT_DOUBLE_EQ(*fast.measured, 0.99);
  EXPECT_EQ(fast.samples, 1000U);
  EXPECT_EQ(fast.bad, 10U);
  EXPECT_DOUBLE_EQ(fast.budget_allowed, 10);
  EXPECT_DOUBLE_EQ(fast.budget_share, 1);
  EXPECT_EQ(fast.text, "99 % of responses within 250 ms");
  EXPECT_EQ(fast.sentence,
            "fast: 99 % within 250 ms, goal 99 %: 10 of 1,000 requests were bad, 10 allowed");
}

TEST(Objective, OneBadRequestTooManyMissesTheGoal) {
  SampleRun run;
  run.answers(0, 989, 5ms).answers(1, 11, 400ms);
  const auto fast = judged(run.wants_within("fast", 250ms, 0.99));
  EXPECT_FALSE(fast.met);
  EXPECT_EQ(fast.sentence,
            "fast: 98.9 % within 250 ms, goal 99 %: 11 of 1,000 requests were bad, 10 allowed");
}

TEST(Objective, BinaryFractionsDoNotMoveAGoal) {
  // (1 − 0.999) × 1000 is 1.0000000000000009 or 0.9999999999999…: exactly one bad one is allowed.
  for (std::uint64_t thousands_due : {1, 3, 7, 41}) {
    SampleRun run;
    run.answers(0, 999 * thousands_due, 1ms);
    run.fails(0, thousands_due, ErrorClass::kReset, 1ms);
    run.wants_status_below("available", 500, 0.999);
    EXPECT_TRUE(judged(run).met) << thousands_due;
    EXPECT_DOUBLE_EQ(judged(run).budget_allowed, static_cast<double>(thousands_due));
    run.fails(1, 1, ErrorClass::kReset, 1ms);
    EXPECT_FALSE(judged(run).met) << thousands_due;
  }
}

TEST(Objective, ALimitIsKeptByAnAnswerOfJustThatTime) {
  SampleRun run;
  run.answers(0, 10, 250ms);
  EXPECT_TRUE(judged(run.wants_within("fast", 250ms, 1)).met);
}

TEST(Objective, AFastErrorIsNotAGoodResponse) {
  SampleRun run;
  run.answers(0, 1, 5ms).fails(0, 9, ErrorClass::kUnexpected, 1ms, 503);
  EXPECT_EQ(judged(run.wants_within("fast", 250ms, 0.5)).bad, 9U);
}

TEST(Objective, GoodLooksAtTheStatusAndNothingElse) {
  // 404 satisfies "status < 500", though the request was not ok; 503 does not; no answer does not.
  SampleRun run;
  run.answers(0, 90, 9s)
      .fails(0, 4, ErrorClass::kUnexpected, 1ms, 404)
      .fails(0, 3, ErrorClass::kUnexpected, 1ms, 503)
      .fails(0, 3, ErrorClass::kReset, 1ms);
  const auto available = judged(run.wants_status_below("available", 500, 0.95));
  EXPECT_EQ(available.bad, 6U);
  EXPECT_FALSE(available.met);
  EXPECT_EQ(available.text, "95 % of requests with status < 500");
}

TEST(Objective, EveryComparisonMeansWhatItSays) {
  using Compare = scenarios::GoodSpec::Compare;
  const auto good_of = [](Compare compare) {
    SampleRun run;
    run.answers(0, 1, 1ms, 199).answers(0, 10, 1ms, 200).answers(0, 100, 1ms, 201);
    scenarios::ObjectiveSpec objective;
    objective.load = "browse";
    objective.good = {"", compare, 200};
    const auto result = judge_objective(objective, run.record());
    return result.samples - result.bad;
  };
  EXPECT_EQ(good_of(Compare::kLess), 1U);
  EXPECT_EQ(good_of(Compare::kLessOrEqual), 11U);
  EXPECT_EQ(good_of(Compare::kEqual), 10U);
  EXPECT_EQ(good_of(Compare::kNotEqual), 101U);
  EXPECT_EQ(good_of(Compare::kGreaterOrEqual), 110U);
  EXPECT_EQ(good_of(Compare::kGreater), 100U);
}

TEST(Objective, WhatWasNeverSentIsBad) {
  SampleRun run;
  run.answers(0, 80, 1ms).leaves_unsent(1, 15).sheds(2, 5);
  run.wants_within("fast", 250ms, 0.9);
  EXPECT_EQ(judged(run).samples, 100U);
  EXPECT_EQ(judged(run).bad, 20U);
  EXPECT_EQ(judged(run.wants_status_below("available", 500, 0.9)).bad, 20U);
}

TEST(Objective, WithNoSamplesIsNeverMet) {
  SampleRun run;
  const auto fast = judged(run.wants_within("fast", 250ms, 0));
  EXPECT_FALSE(fast.met);
  EXPECT_FALSE(fast.measured);
  EXPECT_EQ(fast.budget_share, 0);
  EXPECT_EQ(fast.sentence, "fast: no samples: no request fell due");
}

TEST(Objective, WithTooFewSamplesIsNeverMet) {
  SampleRun run;
  run.answers(0, 99, 1ms).wants_within("fast", 250ms, 0.5);
  run.record().scenario.objectives.back().min_samples = 100;
  EXPECT_FALSE(judged(run).met);
  EXPECT_EQ(judged(run).sentence, "fast: too few samples: 99 requests, at least 100 wanted");
  EXPECT_TRUE(judged(run.answers(0, 1, 1ms)).met);
}

TEST(Objective, AGoalOfAllAllowsNoneAndItsBudgetIsSpentInfinitely) {
  SampleRun run;
  run.answers(0, 9, 1ms).wants_within("all", 1s, 1);
  EXPECT_TRUE(judged(run).met);
  EXPECT_EQ(judged(run).budget_share, 0);
  run.fails(0, 1, ErrorClass::kTimeout, 1s);
  EXPECT_FALSE(judged(run).met);
  EXPECT_TRUE(std::isinf(judged(run).budget_share));
  EXPECT_EQ(judged(run).sentence,
            "all: 90 % within 1 s, goal 100 %: 1 of 10 requests was bad, 0 allowed");
}

TEST(Objective, AfterAFaultLooksOnlyAtTheSecondsFromThere) {
  // The fault ends at 4.003 s; 2 s later is 6.003 s, so the first whole second is 7.
  SampleRun run;
  for (std::int64_t second = 0; second < 10; ++second) {
    run.answers(second, 10, second < 7 ? 900ms : 5ms);
  }
  run.is_stopped("pause", 3s, 4s).wants_within("recovers", 250ms, 0.99);
  run.record().scenario.objectives.back().after = "pause";
  run.record().scenario.objectives.back().by = 2s;
  EXPECT_TRUE(judged(run).met);
  EXPECT_EQ(judged(run).samples, 30U);
  EXPECT_EQ(judged(run).text, "99 % of responses within 250 ms, from 2 s after pause");
  run.answers(7, 1, 900ms);
  EXPECT_EQ(judged(run).bad, 1U);
}

TEST(Objective, AfterAFaultThatNeverEndedIsNotMet) {
  SampleRun run = good_run();
  run.is_stopped("pause", 3s, 4s).wants_within("recovers", 250ms, 0.99);
  run.record().scenario.objectives.back().after = "pause";
  run.record().faults.back().to.reset();
  EXPECT_FALSE(judged(run).met);
  EXPECT_EQ(judged(run).sentence, "recovers: no samples: pause never ended");
}

TEST(Objective, CountsTheBadOnesInAStretch) {
  SampleRun run = good_run();
  run.answers(3, 7, 900ms).answers(5, 2, 900ms).wants_within("fast", 250ms, 0.99);
  const auto& fast = run.record().scenario.objectives.back();
  EXPECT_EQ(bad_in(fast, run.record(), {.from = 3, .to = 5}), 7U);
  EXPECT_EQ(bad_in(fast, run.record(), {.from = 0, .to = 10}), 9U);
  EXPECT_EQ(bad_in(fast, run.record(), {.from = 6, .to = 10}), 0U);
}

TEST(SecondsInForce, AreAllThatAFaultTouches) {
  SampleRun run;
  FaultRecord fault;
  EXPECT_FALSE(seconds_in_force(fault, run.record()));
  fault.from = 2900ms;
  fault.to = 4100ms;
  EXPECT_EQ(seconds_in_force(fault, run.record())->from, 2);
  EXPECT_EQ(seconds_in_force(fault, run.record())->to, 5);
  fault.to = fault.from = 3s;
  EXPECT_EQ(seconds_in_force(fault, run.record())->from, 3);
  EXPECT_EQ(seconds_in_force(fault, run.record())->to, 4);
  fault.to.reset();  // To the end of the run, at 10.02 s.
  EXPECT_EQ(seconds_in_force(fault, run.record())->to, 11);
}

}  // namespace
}  // namespace squall::reports
