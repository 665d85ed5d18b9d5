#include "generators/load/recorder.h"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "reports/measure/ledger.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using reports::ErrorClass;
using reports::Metric;
using reports::SecondCell;

class RecorderTest : public testing::Test {
 protected:
  RecorderTest() { recorder.begin_at(kStart); }

  SecondCell second(std::int64_t number) {
    recorder.hand_over();
    reports::Snapshot snapshot;
    snapshot.sequence = ++sequence;
    recorder.collect("browse", snapshot.cells);
    ledger.add("agent", snapshot);
    return ledger.sum("browse", number, number + 1);
  }

  InFlight sent(Duration due, Duration at) const {
    InFlight request;
    request.job.due = kStart + due;
    request.sent = kStart + at;
    return request;
  }

  static constexpr Instant kStart = Instant{} + 1h;
  Recorder recorder;
  reports::Ledger ledger;
  std::uint64_t sequence = 0;
};

TEST_F(RecorderTest, CountsLatencyWhereARequestWasDueAndItsEndWhereItEnded) {
  InFlight request = sent(900ms, 1500ms);
  request.first_byte = kStart + 1600ms;
  recorder.due(request.job.due);
  recorder.sent(request.sent);
  recorder.ended(request, ErrorClass::kNone, 200, kStart + 2100ms);
  const SecondCell was_due = second(0);
  EXPECT_EQ(was_due.due, 1U);
  EXPECT_EQ(was_due.ok_by_due, 1U);
  EXPECT_EQ(was_due.status_by_due.at(200), 1U);
  EXPECT_EQ(was_due.ok, 0U);
  EXPECT_NEAR(to_milliseconds(was_due.of(Metric::kResponse).max()), 1200, 2);
  EXPECT_NEAR(to_milliseconds(was_due.of(Metric::kService).max()), 600, 2);
  EXPECT_NEAR(to_milliseconds(was_due.of(Metric::kTtfb).max()), 100, 1);
  EXPECT_EQ(was_due.ok_response.count(), 1U);
  EXPECT_EQ(second(1).sent, 1U);
  const SecondCell ended = second(2);
  EXPECT_EQ(ended.ok, 1U);
  EXPECT_EQ(ended.completed, 1U);
  EXPECT_EQ(ended.status.at(200), 1U);
  EXPECT_TRUE(ended.of(Metric::kResponse).empty());
}

TEST_F(RecorderTest, WhatNeverHadAConnectionHasAResponseButNoService) {
  recorder.due(kStart);
  recorder.failed_unconnected(kStart, ErrorClass::kConnect, kStart + 100ms);
  const SecondCell cell = second(0);
  EXPECT_EQ(cell.sent, 1U);
  EXPECT_EQ(cell.completed, 1U);
  EXPECT_EQ(cell.errors_by_due, 1U);
  EXPECT_EQ(cell.of(Metric::kResponse).count(), 1U);
  EXPECT_EQ(cell.of(Metric::kService).count(), 0U);
}

TEST_F(RecorderTest, ASecondThatIsHandedOverCanBeAddedTo) {
  for (int round = 0; round < 5; ++round) {
    recorder.due(kStart + 500ms);
    recorder.due(kStart + 1500ms);
    second(0);
  }
  EXPECT_EQ(second(0).due, 5U);
  EXPECT_EQ(second(1).due, 5U);
}

TEST_F(RecorderTest, WhatComesBeforeTheStartCountsInSecondZero) {
  recorder.connection_opened(kStart - 2500ms);
  EXPECT_EQ(second(0).connections_opened, 1U);
  EXPECT_EQ(ledger.first_second("browse"), 0);
}

TEST_F(RecorderTest, TheLongestLatenessIsToldOnce) {
  recorder.late(kStart, 3ms);
  recorder.late(kStart, 1ms);
  EXPECT_EQ(recorder.take_longest_lateness(), 3ms);
  EXPECT_EQ(recorder.take_longest_lateness(), 0ms);
  EXPECT_EQ(second(0).of(Metric::kLateness).count(), 2U);
}

}  // namespace
}  // namespace squall::generators
