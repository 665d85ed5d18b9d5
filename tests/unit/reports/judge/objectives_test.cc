#include "reports/judge/objectives.h"

#include <chrono>
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

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
  // The fault was to end at 4 s, and ended at 4.003 s; the first second from 2 s later on is 6.
  SampleRun run;
  for (std::int64_t second = 0; second < 10; ++second) {
    run.answers(second, 10, second < 6 ? 900ms : 5ms);
  }
  run.is_stopped("pause", 3s, 4s).wants_within("recovers", 250ms, 0.99);
  run.record().scenario.objectives.back().after = "pause";
  run.record().scenario.objectives.back().by = 2s;
  EXPECT_TRUE(judged(run).met);
  EXPECT_EQ(judged(run).samples, 40U);
  EXPECT_EQ(judged(run).text, "99 % of responses within 250 ms, from 2 s after pause");
  run.answers(6, 1, 900ms);
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

TEST(Objective, AfterEachEndOfAFaultThatComesAgain) {
  // It ends at 1.003 s, which counts as 1 s, and 5.503 s. Two seconds later the first whole seconds
  // are 3 and 8; the first stretch is over when it comes again, at 5.003 s.
  SampleRun run = good_run();
  run.is_stopped("pause", 1s, 1s).is_stopped("pause", 5s, 5500ms);
  run.wants_within("recovers", 250ms, 0.99);
  run.record().scenario.objectives.back().after = "pause";
  run.record().scenario.objectives.back().by = 2s;
  EXPECT_EQ(judged(run).samples, 400U);
}

TEST(Objective, DuringAFaultLooksAtTheSecondsInWhichItIsInForce) {
  // In force from 3.003 s to 5.003 s, which is as planned: seconds 3 and 4.
  SampleRun run = good_run();
  run.fails(4, 50, ErrorClass::kReset, 1ms).is_stopped("pause", 3s, 5s);
  run.wants_within("held", 250ms, 0.8);
  run.record().scenario.objectives.back().during = "pause";
  const auto held = judged(run);
  EXPECT_EQ(held.samples, 250U);
  EXPECT_EQ(held.bad, 50U);
  EXPECT_EQ(held.sentence,
            "held: 80 % within 250 ms, during pause, goal 80 %: 50 of 250 requests were bad, "
            "50 allowed");
  run.record().faults.clear();
  EXPECT_EQ(judged(run).sentence, "held: no samples: pause was never in force");
  EXPECT_EQ(judged(run).answer, ObjectiveResult::Answer::kNoSamples);
}

/// A second of `cart` requests, `ok` of them in 5 ms and `late` in 900 ms.
SecondCell cart(std::uint64_t ok, std::uint64_t late) {
  SecondCell cell;
  GroupCell& group = cell.requests["cart"];
  for (std::uint64_t i = 0; i < ok + late; ++i) {
    group.response.record(i < ok ? 5ms : 900ms);
    group.ok_response.record(i < ok ? 5ms : 900ms);
  }
  group.ok = group.status[200] = ok + late;
  return cell;
}

TEST(Objective, OfOneRequestLooksAtThatGroup) {
  // 100 requests fell due, 40 of them for the cart, of which 4 were late.
  SampleRun run;
  run.record().scenario.loads[0].requests.resize(2);
  run.answers(0, 100, 5ms).is_measured(0, cart(36, 4)).wants_within("cart", 250ms, 0.9);
  run.record().scenario.objectives.back().request = "cart";
  EXPECT_TRUE(judged(run).met);
  EXPECT_EQ(judged(run).samples, 40U);
  EXPECT_EQ(judged(run).text, "90 % of responses of cart within 250 ms");
  EXPECT_EQ(judged(run.is_measured(1, cart(0, 1))).bad, 5U);
  EXPECT_FALSE(judged(run).met);
}

TEST(Objective, OfTheOnlyRequestLooksAtAll) {
  // A load of one request keeps no groups.
  SampleRun run;
  run.record().scenario.loads[0].requests.resize(1);
  run.answers(0, 10, 5ms).leaves_unsent(0, 1).wants_within("cart", 250ms, 0.9);
  run.record().scenario.objectives.back().request = "GET /cart";
  EXPECT_EQ(judged(run).samples, 11U);
}

scenarios::ObjectiveSpec windows_of(Duration of, double percentile, Duration limit, double goal) {
  scenarios::ObjectiveSpec objective;
  objective.name = "steady";
  objective.load = "browse";
  objective.windows = {of, {"p99", percentile, limit}};
  objective.goal = {goal};
  return objective;
}

TEST(Objective, OfWindowsCountsStretchesOfTime) {
  // 25 s in windows of 10 s. 0 to 10: 10 of 1000 slow, just the 1 % that p99 lets be: good. 10 to
  // 20: 11 of 1000 slow: bad. 20 to 25: a short one, all fast: good. 2 of 3 are 66.66 %.
  SampleRun run;
  for (std::int64_t second = 0; second < 25; ++second) {
    const std::uint64_t slow = second == 3 ? 10 : second == 13 ? 11 : 0;
    run.answers(second, 100 - slow, 5ms).answers(second, slow, 900ms);
  }
  const auto steady = judged(run.wants(windows_of(10s, 99, 250ms, 0.6)));
  EXPECT_TRUE(steady.met);
  EXPECT_EQ(steady.samples, 3U);
  EXPECT_EQ(steady.bad, 1U);
  EXPECT_EQ(steady.unit, "window");
  EXPECT_EQ(steady.text, "60 % of windows of 10 s with p99 at most 250 ms");
  EXPECT_EQ(steady.sentence,
            "steady: 66.66 % of windows of 10 s with p99 at most 250 ms, goal 60 %: 1 of 3 windows "
            "was bad, 1.2 allowed");
  EXPECT_FALSE(judged(run.wants(windows_of(10s, 99, 250ms, 0.7))).met);
  // Of a fault in second 13 it is the whole window, of one in second 3 none.
  const auto& spec = run.record().scenario.objectives.back();
  EXPECT_EQ(bad_in(spec, run.record(), {.from = 13, .to = 14}), 1U);
  EXPECT_EQ(bad_in(spec, run.record(), {.from = 3, .to = 4}), 0U);
  // In the series a window is spread over its seconds.
  const ErrorSeries series = error_series(spec, run.record());
  EXPECT_DOUBLE_EQ(series.samples.at(0), 0.1);
  EXPECT_DOUBLE_EQ(series.bad.at(10), 0.1);
  EXPECT_DOUBLE_EQ(series.samples.at(24), 0.2);
}

TEST(Objective, OfWindowsLeavesOutThoseInWhichNothingFellDueAndCountsWhatWasNeverSent) {
  SampleRun run;
  run.answers(0, 100, 5ms).answers(20, 98, 5ms);
  run.leaves_unsent(20, 2).wants(windows_of(10s, 99, 250ms, 0.5));
  EXPECT_EQ(judged(run).samples, 2U);
  EXPECT_EQ(judged(run).bad, 1U);
}

/// When the bad ones of the last objective became known: by how many a second more from when on.
std::map<Duration, double> known(SampleRun& run) {
  return error_series(run.record().scenario.objectives.back(), run.record()).known;
}

TEST(ErrorSeries, AnErrorIsKnownWhenItEnded) {
  // Ten of second 3 timed out 2 s after they were due (2.0009 s, as finely as a histogram tells):
  // to the next hundredth from 5.01 s to 6.01 s. One of second 4 was reset after 1 ms.
  SampleRun run;
  run.answers(3, 90, 5ms).fails(3, 10, ErrorClass::kTimeout, 2s);
  run.fails(4, 1, ErrorClass::kReset, 1ms).wants_status_below("available", 500, 0.99);
  EXPECT_THAT(known(run), ElementsAre(Pair(Duration(4010ms), 1), Pair(Duration(5010ms), 9),
                                      Pair(Duration(6010ms), -10)));
}

TEST(ErrorSeries, WhatIsBeyondALimitIsKnownWhenThatHasPassed) {
  // Three resets are known at once; five slow answers and four timeouts after 250 ms.
  SampleRun run;
  run.answers(3, 90, 5ms).answers(3, 5, 400ms).fails(3, 4, ErrorClass::kTimeout, 2s);
  run.fails(3, 3, ErrorClass::kReset, 1ms).wants_within("fast", 250ms, 0.99);
  EXPECT_THAT(known(run), ElementsAre(Pair(Duration(3010ms), 3), Pair(Duration(3250ms), 9),
                                      Pair(Duration(4010ms), -3), Pair(Duration(4250ms), -9)));
}

TEST(ErrorSeries, WhatWasNeverSentIsKnownAtTheEndAndWhatWasShedAtItsDeadline) {
  // The load ends at 10 s.
  SampleRun run;
  run.leaves_unsent(3, 2).sheds(4, 1).wants_status_below("available", 500, 0.99);
  EXPECT_THAT(known(run), ElementsAre(Pair(Duration(10s), 3), Pair(Duration(11s), -3)));
  run.record().scenario.targets[0].deadline = 1s;
  EXPECT_THAT(known(run), ElementsAre(Pair(Duration(5s), 1), Pair(Duration(6s), -1),
                                      Pair(Duration(10s), 2), Pair(Duration(11s), -2)));
}

TEST(ErrorSeries, AWindowIsKnownWhenItIsOver) {
  // 10 to 20 is bad: known when the 250 ms of its last request have passed, spread over 10 s.
  SampleRun run;
  for (std::int64_t second = 0; second < 20; ++second) {
    run.answers(second, 100, second < 10 ? 5ms : 900ms);
  }
  run.wants(windows_of(10s, 99, 250ms, 0.6));
  EXPECT_THAT(known(run),
              ElementsAre(Pair(Duration(20'250ms), 0.1), Pair(Duration(30'250ms), -0.1)));
}

TEST(Objective, DuringAPhaseLooksAtThePhaseOfThatName) {
  // In force from 3 to 5 s of 10: 3 s before it, 5 s after it, 100 requests in each.
  SampleRun run = good_run();
  run.is_stopped("pause", 3s, 5s).wants_within("quiet", 250ms, 0.99);
  auto& during = run.record().scenario.objectives.back().during;
  during = "before pause";
  EXPECT_EQ(judged(run).samples, 300U);
  EXPECT_THAT(judged(run).sentence, HasSubstr("within 250 ms, before pause, goal 99 %"));
  during = "after pause";
  EXPECT_EQ(judged(run).samples, 500U);
  during = "before other";
  EXPECT_EQ(judged(run).sentence, "quiet: no samples: no phase was 'before other'");
}

scenarios::ObjectiveSpec limit_of(const std::string& figure, double percentile, Duration limit) {
  scenarios::ObjectiveSpec objective;
  objective.name = "tail";
  objective.load = "browse";
  objective.limit = {figure, percentile, limit};
  objective.goal = {percentile / 100};
  return objective;
}

TEST(Objective, ALimitIsThatOfThePercentile) {
  // 989 in 5 ms, 1 error after 7 ms, 10 in 900 ms: p99 is the 990th, the error's 7 ms.
  SampleRun run;
  run.answers(0, 989, 5ms).fails(0, 1, ErrorClass::kReset, 7ms).answers(1, 10, 900ms);
  const auto tail = judged(run.wants(limit_of("p99", 99, 500ms)));
  EXPECT_TRUE(tail.met);
  ASSERT_TRUE(tail.limit && tail.limit->measured);
  EXPECT_NEAR(to_milliseconds(*tail.limit->measured), 7, 0.01);
  EXPECT_EQ(tail.text, "p99 at most 500 ms");
  EXPECT_EQ(tail.sentence,
            "tail: p99 was 7.00 ms, limit 500 ms: 10 of 1,000 requests were beyond it, 10 allowed");
  run.answers(1, 1, 900ms);
  EXPECT_FALSE(judged(run).met);
  EXPECT_NEAR(to_milliseconds(*judged(run).limit->measured), 900, 1);
}

TEST(Objective, ALimitIsBeyondMeasureWhereTooManyNeverEnded) {
  SampleRun run;
  run.answers(0, 980, 5ms).leaves_unsent(0, 20).wants(limit_of("p99", 99, 500ms));
  EXPECT_FALSE(judged(run).met);
  EXPECT_FALSE(judged(run).limit->measured);
  EXPECT_EQ(judged(run).sentence,
            "tail: p99 lies among requests that never ended, limit 500 ms: 20 of 1,000 requests "
            "were beyond it, 10 allowed");
}

TEST(Objective, APercentileWantsEnoughSamplesToBeOne) {
  // p99.9 of 999 requests would be the slowest of them.
  SampleRun run;
  run.answers(0, 999, 5ms).wants(limit_of("p99.9", 99.9, 500ms));
  EXPECT_EQ(judged(run).answer, ObjectiveResult::Answer::kTooFew);
  EXPECT_FALSE(judged(run).met);
  EXPECT_EQ(judged(run).sentence, "tail: too few samples: 999 requests, at least 1,000 wanted");
  EXPECT_TRUE(judged(run.answers(0, 1, 5ms)).met);
  SampleRun few;
  few.answers(0, 3, 5ms).wants(limit_of("max", 100, 500ms));
  EXPECT_TRUE(judged(few).met);
}

TEST(Objective, ABudgetIsExtrapolatedToItsPeriodAtTheRunsRate) {
  // 100/s for 10 s. 30 d are 2,592,000 s: 259.2 million requests, of which 99.9 % allow 259,200.
  // 5 bad ones are 5 of the 1 that the run allows, and 5/259,200 of the period's; went it on like
  // this, the 30 d's budget would last a fifth of them: 6 d.
  SampleRun run = good_run();
  run.wants_status_below("available", 500, 0.999);
  run.record().scenario.objectives.back().period = 720h;
  EXPECT_FALSE(judged(run).period->lasts);
  SampleRun bad;
  for (std::int64_t second = 0; second < 10; ++second) {
    bad.answers(second, second == 0 ? 95 : 100, 5ms);
  }
  bad.fails(0, 5, ErrorClass::kReset, 1ms).wants_status_below("available", 500, 0.999);
  bad.record().scenario.objectives.back().period = 720h;
  const auto period = judged(bad).period;
  ASSERT_TRUE(period);
  EXPECT_NEAR(period->samples, 259'200'000, 1);
  EXPECT_NEAR(period->allowed, 259'200, 1);
  EXPECT_NEAR(period->share, 5 / 259'200.0, 1e-9);
  EXPECT_NEAR(to_seconds(*period->lasts), 6 * 86'400, 1);
}

TEST(Objective, ABudgetIsExtrapolatedToItsPeriodAtTheStatedRate) {
  // The run has 100/s for 10 s with 5 bad ones, production 1,200/s. 30 d of that are 1200 ×
  // 2,592,000 = 3,110,400,000 requests, of which 99.9 % allow 3,110,400: the run spent 5 of these.
  // The share of bad ones is the run's: five times the allowed, so that the budget lasts 6 d.
  SampleRun run;
  for (std::int64_t second = 0; second < 10; ++second) {
    run.answers(second, second == 0 ? 95 : 100, 5ms);
  }
  run.fails(0, 5, ErrorClass::kReset, 1ms).wants_status_below("available", 500, 0.999);
  run.record().scenario.objectives.back().period = 720h;
  run.record().scenario.objectives.back().rate = Rate{1200};
  const auto period = judged(run).period;
  ASSERT_TRUE(period);
  EXPECT_TRUE(period->is_rate_stated);
  EXPECT_NEAR(period->samples, 3'110'400'000, 1);
  EXPECT_NEAR(period->allowed, 3'110'400, 1);
  EXPECT_NEAR(period->share, 5 / 3'110'400.0, 1e-12);
  EXPECT_NEAR(to_seconds(*period->lasts), 6 * 86'400, 1);
}

TEST(Objective, ABudgetIsWholeWhereTheGoalsFractionMakesItSo) {
  // 1 − 0.999 is 0.00100000000000000089 and 1 − 0.9999 is 0.00009999999999998899: of many samples
  // what is missing is more than a millionth, and cutting it off would allow one less.
  EXPECT_EQ(allowed_of(3'110'400'000.0, 0.999), 3'110'400);
  EXPECT_EQ(allowed_of(31'104'000'000.0, 0.9999), 3'110'400);
  EXPECT_EQ(allowed_of(3'110'400'000'000.0, 0.99999), 31'104'000);
  EXPECT_EQ(allowed_of(12, 0.9), 1.2);
  SampleRun run = good_run();
  run.wants_status_below("available", 500, 0.9999);
  run.record().scenario.objectives.back().period = 720h;
  run.record().scenario.objectives.back().rate = Rate{12'000};
  EXPECT_EQ(judged(run).period->allowed, 3'110'400);
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
  EXPECT_EQ(seconds_in_force(fault, run.record())->to, 10);
}

TEST(SecondsInForce, AreNotMoreForATenthOfAMillisecondOfUndoing) {
  SampleRun run;
  FaultRecord fault;
  fault.from = 3000100us;
  fault.to = 8000100us;
  EXPECT_EQ(seconds_in_force(fault, run.record())->from, 3);
  EXPECT_EQ(seconds_in_force(fault, run.record())->to, 8);
  fault.from = 2999900us;
  fault.to = 8080ms;
  EXPECT_EQ(seconds_in_force(fault, run.record())->from, 3);
  EXPECT_EQ(seconds_in_force(fault, run.record())->to, 9);
}

}  // namespace
}  // namespace squall::reports
