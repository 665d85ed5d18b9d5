#include "reports/judge/trust.h"

#include <chrono>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/judge/run_result.h"

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
  EXPECT_THAT(
      reasons_to_distrust(run.record()),
      ElementsAre("browse: the generator was the bottleneck: 1 % of requests waited 38.0 "
                  "ms or longer because of it (limit 10 ms); of 1 late second, a shard used "
                  "97 % of a core in 1"));
}

/// Ten good seconds, then `seconds` of them in which 20 requests were 38 ms late and a shard was
/// ready to run but not let for `descheduled`.
SampleRun descheduled_run(int seconds, Duration descheduled, std::optional<Duration> throttled) {
  SampleRun run = good_run();
  for (int second = 11; second < 11 + seconds; ++second) {
    run.has_health({.cpu = 0.1, .descheduled_max = descheduled, .throttled = throttled});
    run.is_measured(second, late_cell(20, 38ms));
  }
  return run;
}

TEST(Trust, IsLostWhenRequestsAreLateBecauseAShardWasNotLetRun) {
  EXPECT_THAT(
      reasons_to_distrust(descheduled_run(2, 812ms, 790ms).record()),
      ElementsAre("browse: the generator was the bottleneck: 1 % of requests waited 38.0 "
                  "ms or longer because of it (limit 10 ms); of 2 late seconds, a shard was "
                  "ready to run and not let for up to 812 ms in 2: a CPU quota held it "
                  "back"));
  EXPECT_THAT(
      reasons_to_distrust(descheduled_run(3, 150ms, std::nullopt).record()),
      ElementsAre("browse: the generator was the bottleneck: 1 % of requests waited 38.0 "
                  "ms or longer because of it (limit 10 ms); of 3 late seconds, a shard was "
                  "ready to run and not let for up to 150 ms in 3: others had its core"));
}

TEST(Trust, IsKeptAfterASingleHiccupOrWithLittleTimeDescheduled) {
  EXPECT_THAT(reasons_to_distrust(descheduled_run(1, 812ms, 790ms).record()), IsEmpty());
  EXPECT_THAT(reasons_to_distrust(descheduled_run(5, 99ms, 0ms).record()), IsEmpty());
}

TEST(Trust, GoesByTheQuotaWhereTheSystemDoesNotTellOfScheduling) {
  SampleRun run = good_run();
  for (int second = 11; second < 13; ++second) {
    run.has_health({.cpu = 0.1, .throttled = 800ms}).is_measured(second, late_cell(20, 38ms));
  }
  EXPECT_THAT(reasons_to_distrust(run.record()),
              ElementsAre(testing::HasSubstr("not let for up to 800 ms in 2: a CPU quota")));
}

TEST(Trust, IsLostWhenConnectionsFailedAndTheGeneratorHadNoPortsOrDescriptorsLeft) {
  SampleRun run = good_run();
  run.has_health({.descriptors = 990, .descriptor_limit = 1000, .ports = 0.97});
  run.is_measured(3, {});
  EXPECT_THAT(reasons_to_distrust(run.record()), IsEmpty());
  EXPECT_THAT(warnings_about(run.record()),
              ElementsAre("agent-1 used 97 % of its local ports to one address (limit 95 %): give "
                          "the target more source addresses",
                          "agent-1 used 99 % of its 1,000 descriptors (limit 95 %): raise "
                          "RLIMIT_NOFILE"));
  SecondCell failed;
  failed.connections_failed = 1;
  run.is_measured(4, failed);
  EXPECT_THAT(reasons_to_distrust(run.record()),
              ElementsAre(testing::StartsWith("connections failed, and agent-1 used 97 %"),
                          testing::StartsWith("connections failed, and agent-1 used 99 %")));
  EXPECT_THAT(warnings_about(run.record()), IsEmpty());
}

/// Ten good seconds whose answers came in datagrams, some of which the kernel dropped.
SampleRun run_with_datagrams(std::uint64_t received, std::uint64_t dropped) {
  SampleRun run = good_run();
  SecondCell cell;
  cell.datagrams_received = received;
  cell.datagrams_dropped = dropped;
  run.is_measured(3, cell);
  return run;
}

TEST(Trust, IsLostWhenTheKernelDroppedMoreThanOneInAHundredDatagrams) {
  SampleRun few = run_with_datagrams(99'000, 1000);
  EXPECT_THAT(reasons_to_distrust(few.record()), IsEmpty());
  EXPECT_THAT(warnings_about(few.record()),
              ElementsAre("browse: the kernel dropped 1 % of the datagrams that came (1,000 of "
                          "100,000, limit 1 %): the generator did not read them in time"));
  SampleRun many = run_with_datagrams(95'000, 5000);
  EXPECT_THAT(reasons_to_distrust(many.record()),
              ElementsAre(testing::StartsWith("browse: the kernel dropped 5 % of the datagrams "
                                              "that came (5,000 of 100,000")));
  EXPECT_THAT(warnings_about(many.record()), IsEmpty());
  EXPECT_THAT(warnings_about(run_with_datagrams(1000, 0).record()), IsEmpty());
}

TEST(Warnings, AreNoneOfAGoodRun) { EXPECT_THAT(warnings_about(good_run().record()), IsEmpty()); }

TEST(Warnings, TellOfEarlyDataThatWasAskedForAndOfWhichNothingWasSent) {
  SampleRun run = good_run();
  RunRecord& record = run.record();
  record.scenario.targets.front().tls.early_data = true;
  EXPECT_THAT(warnings_about(record), IsEmpty()) << "there was no connection";
  SecondCell opened;
  opened.connections_opened = 5;
  run.is_measured(2, opened);
  EXPECT_THAT(
      warnings_about(run.record()),
      ElementsAre("browse: early data: 0 sent. Of 5 connections opened 0 resumed a session"));
  SecondCell resumed;
  resumed.tls_resumed = 3;
  run.is_measured(3, resumed);
  EXPECT_THAT(warnings_about(run.record()),
              ElementsAre(testing::HasSubstr(" opened 3 resumed a session: its tickets allow ")));
  SecondCell early;
  early.quic.early_sent = 1;
  run.is_measured(4, early);
  EXPECT_THAT(warnings_about(run.record()), IsEmpty());
}

TEST(Warnings, TellOfAClockThatWasSet) {
  SampleRun run = good_run();
  run.has_health({.clock_jump = 90ms}).is_measured(3, {});
  EXPECT_THAT(warnings_about(run.record()), IsEmpty());
  run.has_health({.clock_jump = 3200ms}).is_measured(4, {});
  EXPECT_THAT(
      warnings_about(run.record()),
      ElementsAre("agent-1: its wall clock was set by 3.20 s in second 4. What was measured "
                  "does not hang on it; times in logs do"));
  EXPECT_THAT(reasons_to_distrust(run.record()), IsEmpty());
}

TEST(Warnings, TellOfAClosedLoadOnAGeneratorThatWasBusyForMoreThanAFewSeconds) {
  const auto busy_for = [](std::int64_t seconds) {
    SampleRun run = good_run();
    run.has_closed_load("players", 5);
    // A second counts when it or the next is busy.
    for (std::int64_t second = 1; second < seconds; ++second) {
      run.has_health({.cpu = 0.99}).answers(second, 10, 1ms, 200, "players");
    }
    run.has_health({.cpu = 0.2}).answers(0, 10, 1ms, 200, "players");
    return warnings_about(run.record());
  };
  EXPECT_THAT(busy_for(3), IsEmpty());
  EXPECT_THAT(
      busy_for(4),
      ElementsAre("players: of its seconds, a shard used 99 % of a core in 4. A closed load "
                  "has no schedule to be late with, but its rate and latencies are then the "
                  "generator's as well"));
}

TEST(Bottleneck, IsToldOfTheSecondInWhichItIsSeen) {
  SampleRun run = descheduled_run(1, 812ms, 790ms);
  EXPECT_EQ(bottleneck_in(run.record(), 3), std::nullopt);
  EXPECT_EQ(bottleneck_in(run.record(), 11),
            "the generator is the bottleneck: browse waits 38.0 ms because of it");
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
                          "waited 150 ms or longer because of it (limit 100 ms)"));
}

TEST(Trust, IsLostByOneStandstill) {
  SampleRun run = good_run();
  run.is_measured(4, late_cell(1, 1300ms));
  EXPECT_THAT(
      reasons_to_distrust(run.record()),
      ElementsAre("browse: the generator stood still: a request waited 1.30 s because of it "
                  "(limit 1 s)"));
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

/// 1000 requests of ten seconds, and `due` more that one of two agents had to offer.
SampleRun run_with_missing(std::uint64_t due) {
  SampleRun run = good_run();
  run.record().missing.push_back(
      {.load = "browse", .agent = "lon-1", .from = 3s, .to = 3800ms, .share = 0.5, .due = due});
  return run;
}

TEST(Trust, IsLostWhenTooMuchIsMissingOfALostAgent) {
  SampleRun run = run_with_missing(40);
  EXPECT_THAT(reasons_to_distrust(run.record()),
              ElementsAre("browse: 40 requests that fell due by its schedule are missing, 3.85 % "
                          "of all (limit 1 %): nothing is known of lon-1's from 3.0 s to 3.8 s, "
                          "which was lost"));
  EXPECT_THAT(warnings_about(run.record()), IsEmpty());
  const RunResult judged = judge(run.record());
  EXPECT_EQ(judged.verdict, Verdict::kInvalid);
  EXPECT_EQ(judged.loads.front().missing, 40U);
  EXPECT_DOUBLE_EQ(judged.loads.front().missing_share, 40.0 / 1040);
  // It is in no other count.
  EXPECT_EQ(judged.loads.front().whole.totals.due, 1000U);
}

TEST(Trust, IsKeptWhenLittleIsMissingWhichIsSaid) {
  SampleRun run = run_with_missing(1);
  EXPECT_THAT(reasons_to_distrust(run.record()), IsEmpty());
  EXPECT_THAT(warnings_about(run.record()),
              ElementsAre("browse: 1 request that fell due by its schedule is missing, 0.1 % of "
                          "all (limit 1 %): nothing is known of lon-1's from 3.0 s to 3.8 s, which "
                          "was lost"));
  // All that it had was told of.
  run.record().missing.front().due = 0;
  EXPECT_THAT(warnings_about(run.record()), IsEmpty());
}

TEST(Trust, IsLostWhenUsersAreMissingForTooLong) {
  SampleRun run = run_with_missing(0);
  run.has_closed_load("players", 6);
  run.record().missing.push_back(
      {.load = "players", .agent = "lon-1", .from = 3s, .to = 4s, .share = 0.5, .due = {}});
  EXPECT_THAT(
      reasons_to_distrust(run.record()),
      ElementsAre("players: 5 % of its users' time is missing (limit 1 %): nothing is known "
                  "of lon-1's from 3.0 s to 4.0 s, which was lost"));
}

}  // namespace
}  // namespace squall::reports
