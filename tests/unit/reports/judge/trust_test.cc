#include "reports/judge/trust.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// A second of `count` good answers, each of them begun `lateness` late.
SecondCell late_cell(std::uint64_t count, Duration lateness) {
  SampleRun run;
  run.answers(0, count, 5ms);
  SecondCell cell = run.record().ledger.total("browse");
  cell.of(Metric::kLateness).clear();
  for (std::uint64_t i = 0; i < count; ++i) cell.of(Metric::kLateness).record(lateness);
  return cell;
}

TEST(Trust, AGoodRunIsTrusted) { EXPECT_THAT(reasons_to_distrust(good_run().record()), IsEmpty()); }

TEST(Trust, IsLostWhenRequestsAreLateWhileAShardIsBusy) {
  // 20 of 1020 requests, 2 %, are 38 ms late: that is the 99th percentile. 37,984 to 38,015 µs
  // is its bucket, shown as 38.0 ms.
  SampleRun run = good_run();
  run.has_cpu(0.97).is_measured(11, late_cell(20, 38ms));
  EXPECT_THAT(reasons_to_distrust(run.record()),
              ElementsAre("browse: the generator was the bottleneck: 1 % of requests started 38.0 "
                          "ms late or more (limit 10 ms), with a shard at 97 % of a core in 1 of 1 "
                          "late seconds"));
}

TEST(Trust, IsKeptWhenFewAreLateOrNoShardIsBusy) {
  SampleRun few = good_run();
  few.has_cpu(0.97).is_measured(4, late_cell(5, 38ms));
  EXPECT_THAT(reasons_to_distrust(few.record()), IsEmpty());
  SampleRun idle = good_run();
  idle.has_cpu(0.9).is_measured(11, late_cell(20, 38ms));
  EXPECT_THAT(reasons_to_distrust(idle.record()), IsEmpty());
}

TEST(Trust, IsLostWhenTheScheduleWasNotKeptThoughNoShardWasBusy) {
  SampleRun run = good_run();
  run.is_measured(11, late_cell(20, 150ms));
  EXPECT_THAT(reasons_to_distrust(run.record()),
              ElementsAre("browse: the generator did not keep its schedule: 1 % of requests "
                          "started 150 ms late or more (limit 100 ms)"));
}

TEST(Trust, IsLostByOneStandstill) {
  SampleRun run = good_run();
  run.is_measured(4, late_cell(1, 1300ms));
  EXPECT_THAT(reasons_to_distrust(run.record()),
              ElementsAre("browse: the generator stood still: a request started 1.30 s late though "
                          "a stream was free (limit 1 s)"));
}

TEST(Trust, OfAClosedLoadDoesNotHangOnLateness) {
  SampleRun run = good_run();
  run.has_closed_load("players", 5);
  run.has_cpu(1).is_measured(4, late_cell(1000, 2s), "players");
  EXPECT_THAT(reasons_to_distrust(run.record()), IsEmpty());
}

TEST(Trust, IsLostWhenTooManyTimesWereClamped) {
  // One of 1001 is 0.0999 % and may be; two of 1002 may not.
  SampleRun run = good_run();
  run.answers(0, 1, -1ns);
  EXPECT_THAT(reasons_to_distrust(run.record()), IsEmpty());
  SecondCell cell = late_cell(1, 1us);
  cell.of(Metric::kResponse).record(-1ns);
  cell.of(Metric::kResponse).record(-1ns);
  SampleRun worse = good_run();
  worse.is_measured(0, cell);
  EXPECT_THAT(reasons_to_distrust(worse.record()),
              ElementsAre("browse: 0.19 % of the response times (2 of 1,003) lay outside what can "
                          "be measured, 0 s to 1 h (limit 0.1 %)"));
}

TEST(Trust, IsLostWhenARequestIsNotAccountedFor) {
  SampleRun run = good_run();
  SecondCell lost;
  lost.due = 3;
  run.is_measured(2, lost);
  EXPECT_THAT(reasons_to_distrust(run.record()),
              ElementsAre("browse: the counts do not add up: 1,003 requests fell due, 1,000 are "
                          "accounted for"));
  SecondCell found = lost;
  found.unsent = 3;
  found.due = 0;
  found.sent = 1;
  run.is_measured(2, found);
  EXPECT_THAT(reasons_to_distrust(run.record()),
              ElementsAre("browse: the counts do not add up: 1,001 requests sent, 1,000 ended, "
                          "1,000 ok and 0 errors"));
}

TEST(Trust, DoesNotAskForEveryRequestOfARunThatWasCutShort) {
  SampleRun run = good_run();
  SecondCell lost;
  lost.due = 3;
  run.is_measured(2, lost).ends_early(EarlyEnd::Cause::kSignal, "interrupted", 5s);
  EXPECT_THAT(reasons_to_distrust(run.record()), IsEmpty());
}

}  // namespace
}  // namespace squall::reports
