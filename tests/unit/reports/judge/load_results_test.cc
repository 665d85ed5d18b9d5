#include "reports/judge/load_results.h"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

LoadResult result_of(SampleRun& run) {
  const RunRecord& record = run.record();
  return load_result(record.scenario.loads.front(), record, actual_phases(record));
}

TEST(LoadResult, RatesAreDueAndSentOverTheLoadsLengthAndCompletedUntilItsLastAnswer) {
  // 1000 due in 10 s, and all answered 20 ms after they were due, the last after 10.02 s: 99.8/s.
  // Another load drains for a minute, and a connection says goodbye meanwhile.
  SampleRun run;
  for (std::int64_t second = 0; second < 9; ++second) run.answers(second, 100, 5ms);
  run.answers(9, 99, 20ms);
  SecondCell late;
  late.due = late.sent = 1;
  late.of(Metric::kResponse).record(20ms);
  run.is_measured(9, late);
  SecondCell answered;
  answered.completed = 1;
  run.is_measured(10, answered);
  SecondCell goodbye;
  goodbye.bytes_sent = 9;
  run.is_measured(40, goodbye).record().duration = 70s;
  const LoadResult browse = result_of(run);
  EXPECT_DOUBLE_EQ(browse.due_rate.per_second, 100);
  EXPECT_DOUBLE_EQ(browse.sent_rate.per_second, 100);
  EXPECT_NEAR(browse.completed_rate.per_second, 1000 / 10.02, 0.001);
  EXPECT_EQ(browse.protocol, "h2");
  EXPECT_EQ(browse.target, "edge");
  EXPECT_TRUE(browse.open);
}

TEST(LoadResult, ALoadThatEndsInsideASecondHasTheRateOfItsOwnLength) {
  // 110 due in 1.1 s, all sent and answered at once.
  SampleRun run;
  run.record().plan.loads.front().to = 1100ms;
  const LoadResult browse = result_of(run.answers(0, 100, 1ms).answers(1, 10, 1ms));
  EXPECT_DOUBLE_EQ(browse.due_rate.per_second, 100);
  EXPECT_DOUBLE_EQ(browse.sent_rate.per_second, 100);
  EXPECT_NEAR(browse.completed_rate.per_second, 110 / 1.101, 0.01);
}

TEST(LoadResult, WhatWasSentAfterTheEndOfTheLoadMakesTheTimeOfSendingLonger) {
  // 10 of 1000 were sent in the third second after the load, and answered at its end.
  SampleRun run;
  for (std::int64_t second = 0; second < 9; ++second) run.answers(second, 100, 5ms);
  run.answers(9, 90, 5ms);
  SecondCell due;
  due.due = 10;
  due.of(Metric::kResponse).record(2900ms);
  SecondCell sent;
  sent.sent = sent.completed = 10;
  const LoadResult browse = result_of(run.is_measured(9, due).is_measured(12, sent));
  EXPECT_DOUBLE_EQ(browse.due_rate.per_second, 100);
  EXPECT_NEAR(browse.sent_rate.per_second, 1000 / 12.9, 0.05);
  EXPECT_NEAR(browse.completed_rate.per_second, 1000 / 12.9, 0.05);
}

TEST(LoadResult, ARunThatEndedEarlyHasTheRateOfTheTimeItHad) {
  SampleRun run;
  for (std::int64_t second = 0; second < 4; ++second) run.answers(second, 100, 5ms);
  run.ends_early(EarlyEnd::Cause::kSignal, "interrupted", 4s).record().duration = 4s;
  const LoadResult browse = result_of(run);
  EXPECT_DOUBLE_EQ(browse.due_rate.per_second, 100);
  EXPECT_EQ(browse.whole.to, 4s);
  EXPECT_EQ(browse.series.size(), 4U);
}

TEST(LoadResult, TheSeriesHasAPointForEachSecondWithOrWithoutAnything) {
  SampleRun run;
  run.answers(1, 3, 5ms).fails(1, 2, ErrorClass::kTimeout, 2s).leaves_unsent(9, 4);
  const LoadResult browse = result_of(run);
  ASSERT_EQ(browse.series.size(), 10U);
  EXPECT_EQ(browse.series[0].second, 0);
  EXPECT_EQ(browse.series[0].due, 0U);
  EXPECT_DOUBLE_EQ(browse.series[0].due_rate, 100);
  EXPECT_TRUE(browse.series[0].response.empty());
  const SecondPoint& second = browse.series[1];
  EXPECT_EQ(second.second, 1);
  EXPECT_EQ(second.due, 5U);
  EXPECT_EQ(second.errors, 2U);
  EXPECT_EQ(second.errors_by_class.at(static_cast<std::size_t>(ErrorClass::kTimeout)), 2U);
  EXPECT_EQ(second.p50, 5003us);       // 4096 to 8191 by fours: 5000 to 5003.
  EXPECT_EQ(second.p99, 2'000'895us);  // 1,048,576 to 2,097,151 by 1024s.
  EXPECT_EQ(second.max, second.p99);
  EXPECT_EQ(second.response.count(), 5U);
  EXPECT_EQ(browse.series[9].unsent, 4U);
}

TEST(LoadResult, PhasesFollowTheFaultAsItReallyWas) {
  // In force from 3.003 s to 5.003 s, as near to whole seconds as it gets: 3 and 4 are its phase.
  SampleRun run = good_run();
  run.is_stopped("pause", 3s, 5s);
  const LoadResult browse = result_of(run);
  std::vector<std::string> names;
  std::vector<std::uint64_t> due;
  for (const PhaseResult& phase : browse.phases) {
    names.push_back(phase.name);
    due.push_back(phase.figures.totals.due);
  }
  EXPECT_THAT(names, ElementsAre("before pause", "during pause", "after pause"));
  EXPECT_THAT(due, ElementsAre(300U, 200U, 500U));
  EXPECT_EQ(browse.phases[1].figures.from, 3s);
  EXPECT_EQ(browse.phases[1].figures.to, 5s);
}

TEST(LoadResult, PhasesTogetherAreTheWhole) {
  SampleRun run = good_run();
  SecondCell drained;
  drained.completed = 7;
  run.is_stopped("pause", 3s, 5s).is_measured(12, drained).is_measured(-1, drained);
  const LoadResult browse = result_of(run);
  SecondCell sum;
  for (const PhaseResult& phase : browse.phases) sum.merge(phase.figures.totals);
  EXPECT_EQ(sum, browse.whole.totals);
}

TEST(LoadResult, AFaultThatNeverHappenedMakesNoPhase) {
  SampleRun run = good_run();
  run.is_stopped("pause", 3s, 5s).fault_is(FaultRecord::State::kFailed);
  run.record().faults.back().from.reset();
  EXPECT_EQ(result_of(run).phases.size(), 1U);
}

TEST(LoadResult, AFaultWithoutALengthIsAPhaseOfOneSecond) {
  SampleRun run = good_run();
  run.is_stopped("kill", 3s, 3s).fault_is(FaultRecord::State::kDone);
  run.record().faults.back().to.reset();
  const LoadResult browse = result_of(run);
  ASSERT_EQ(browse.phases.size(), 3U);
  EXPECT_EQ(browse.phases[1].figures.from, 3s);
  EXPECT_EQ(browse.phases[1].figures.to, 4s);
}

// The undo of a fault of 5 s took 3 ms more, and its phase a second more.
TEST(ActualPhases, AreNotASecondLongerForAFewMillisecondsOfUndoing) {
  SampleRun run = good_run();
  RunRecord& record = run.record();
  FaultRecord& fault = record.faults.emplace_back();
  fault.name = fault.label = "frozen";
  fault.state = FaultRecord::State::kUndone;
  fault.from = 2s + 1ms;
  fault.to = 7s + 3ms;
  const auto phases = actual_phases(record);
  ASSERT_EQ(phases.size(), 3U);
  EXPECT_EQ(phases[1].from, 2s);
  EXPECT_EQ(phases[1].to, 7s);
  fault.to = 7s + 80ms;
  EXPECT_EQ(actual_phases(record)[1].to, 8s);
}

TEST(LoadResult, TheSeriesEndsWithTheLoadAlthoughAConnectionSaidGoodbyeLater) {
  SampleRun run = good_run();
  SecondCell goodbye;
  goodbye.bytes_sent = 9;
  EXPECT_EQ(result_of(run.is_measured(10, goodbye)).series.size(), 10U);
}

}  // namespace
}  // namespace squall::reports
