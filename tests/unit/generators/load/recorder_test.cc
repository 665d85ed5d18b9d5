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

TEST_F(RecorderTest, GroupsRequestsByNameWhereALoadHasSeveral) {
  recorder.name_requests({"home", "buy"});
  InFlight home = sent(100ms, 100ms);
  InFlight buy = sent(900ms, 900ms);
  buy.index = 1;
  recorder.ended(home, ErrorClass::kNone, 200, kStart + 150ms);
  recorder.ended(buy, ErrorClass::kUnexpected, 503, kStart + 1200ms);
  recorder.failed_unconnected(kStart + 950ms, ErrorClass::kConnect, kStart + 1000ms, 1);
  const SecondCell cell = second(0);
  ASSERT_EQ(cell.requests.size(), 2U);
  EXPECT_EQ(cell.requests.at("home").ok, 1U);
  EXPECT_EQ(cell.requests.at("home").status.at(200), 1U);
  EXPECT_NEAR(to_milliseconds(cell.requests.at("home").ok_response.max()), 50, 1);
  const reports::GroupCell& bought = cell.requests.at("buy");
  EXPECT_EQ(bought.ok, 0U);
  EXPECT_EQ(bought.errors.at(static_cast<std::size_t>(ErrorClass::kUnexpected)), 1U);
  EXPECT_EQ(bought.errors.at(static_cast<std::size_t>(ErrorClass::kConnect)), 1U);
  EXPECT_EQ(bought.status.at(503), 1U);
  EXPECT_NEAR(to_milliseconds(bought.response.max()), 300, 1);
  EXPECT_EQ(bought.response.count(), 2U);
  EXPECT_TRUE(bought.ok_response.empty());
  EXPECT_TRUE(cell.addresses.empty());
}

TEST_F(RecorderTest, ALoadOfOneRequestHasNoGroups) {
  recorder.name_requests({"home"});
  recorder.ended(sent(100ms, 100ms), ErrorClass::kNone, 200, kStart + 150ms);
  EXPECT_TRUE(second(0).requests.empty());
}

TEST_F(RecorderTest, GroupsRequestsAndConnectionsByAddress) {
  const std::uint32_t first = recorder.address("127.0.0.1:8443");
  const std::uint32_t other = recorder.address("[::1]:8443");
  EXPECT_NE(first, 0U);
  EXPECT_NE(first, other);
  EXPECT_EQ(recorder.address("127.0.0.1:8443"), first);
  recorder.connection_opened(kStart - 1s, first);
  recorder.connection_failed(kStart, other);
  recorder.connection_lost(kStart + 1s, first);
  InFlight request = sent(500ms, 500ms);
  request.address = first;
  recorder.ended(request, ErrorClass::kNone, 200, kStart + 510ms);
  recorder.ended(sent(500ms, 500ms), ErrorClass::kNone, 200, kStart + 510ms);
  const SecondCell cell = second(0);
  ASSERT_EQ(cell.addresses.size(), 2U);
  EXPECT_EQ(cell.addresses.at("127.0.0.1:8443").connections_opened, 1U);
  EXPECT_EQ(cell.addresses.at("127.0.0.1:8443").ok, 1U);
  EXPECT_EQ(cell.addresses.at("127.0.0.1:8443").response.count(), 1U);
  EXPECT_EQ(cell.addresses.at("[::1]:8443").connections_failed, 1U);
  EXPECT_EQ(cell.connections_opened, 1U);
  EXPECT_EQ(second(1).addresses.at("127.0.0.1:8443").connections_lost, 1U);
}

TEST_F(RecorderTest, AGroupThatWasCollectedIsNotToldTwice) {
  recorder.name_requests({"home", "buy"});
  for (std::uint64_t round = 1; round <= 3; ++round) {
    recorder.ended(sent(100ms, 100ms), ErrorClass::kNone, 200, kStart + 150ms);
    EXPECT_EQ(second(0).requests.at("home").ok, round);
    EXPECT_EQ(second(0).requests.count("buy"), 0U);
  }
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
