#include "generators/load/connection_pool.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generators/load/shard_load.h"
#include "reports/measure/ledger.h"

#include "tests/support/paired_sites.h"
#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using reports::ErrorClass;
using reports::Metric;
using reports::SecondCell;
using test::PairedConnection;
using test::PairedSite;
using testing::ElementsAre;
using Clock = std::chrono::steady_clock;

/// One load on one shard, over connections to sites of this process.
class ConnectionPoolTest : public testing::Test {
 protected:
  ConnectionPoolTest() {
    target.name = "edge";
    target.protocol = Protocol::kH2c;
    target.urls = {{"http", "127.0.0.1", 1, "/"}};
    target.streams = 100;
    target.timeout = 2s;
    target.reconnect = {5ms, 20ms};
  }

  /// Offers `rate` for `length`, with `deed` done at its moment.
  SecondCell run(double rate, Duration length, Duration when = 0s,
                 const std::function<void()>& deed = nullptr) {
    LoadSpec spec;
    spec.name = "browse";
    spec.target = "edge";
    spec.schedule = OpenSpec{Arrivals::kConstant, {{Rate{rate}, Rate{rate}, length}}};
    spec.requests.emplace_back().path.parts.emplace_back("/");
    auto prepared = PreparedLoad::make(spec, target, 1, "");
    EXPECT_TRUE(ok(prepared));
    std::vector<std::size_t> places(target.connections);
    std::iota(places.begin(), places.end(), 0U);
    bool done = false;
    loop.restart();
    Recorder recorder;
    {
      ShardLoad offered(loop, std::make_shared<const PreparedLoad>(*std::move(prepared)),
                        LoadPart{{}, places}, sites, recorder, [&done] { done = true; });
      const Instant start = Clock::now() + 10ms;
      offered.open(start);
      asio::steady_timer timer(loop);
      if (deed) {
        timer.expires_at(start + when);
        timer.async_wait([&deed](const boost::system::error_code& aborted) {
          if (!aborted) deed();
        });
      }
      while (!done && Clock::now() < start + length + 5s) loop.run_one_for(100ms);
      EXPECT_TRUE(done) << "hangs";
      EXPECT_EQ(offered.in_flight(), 0U);
      offered.close();
    }
    loop.poll();
    recorder.hand_over();
    reports::Snapshot snapshot;
    snapshot.sequence = 1;
    recorder.collect("browse", snapshot.cells);
    reports::Ledger ledger;
    ledger.add("agent", snapshot);
    SecondCell total = ledger.total("browse");
    EXPECT_EQ(total.due, total.sent + total.unsent + total.shed);
    EXPECT_EQ(total.sent, total.completed);
    EXPECT_EQ(total.completed, total.ok + total.all_errors());
    return total;
  }

  PairedSite& site(std::uint16_t port = 1) { return sites.at[port]; }
  static std::uint64_t errors(const SecondCell& cell, ErrorClass error) {
    return cell.errors.at(static_cast<std::size_t>(error));
  }
  static void refuse(PairedConnection& connection, std::int32_t stream) {
    connection.session.reset(stream, NGHTTP2_REFUSED_STREAM);
  }
  static void answer(PairedConnection& connection, std::int32_t stream) {
    connection.session.answer(stream, 200, 5);
  }

  asio::io_context loop{1};
  test::PairedSites sites{loop};
  TargetSpec target;
};

TEST_F(ConnectionPoolTest, RenewsAConnectionAfterSoManyRequests) {
  target.new_connection_every = RenewSpec{10, {}};
  const SecondCell total = run(1000, 100ms);
  EXPECT_EQ(total.ok, 100U);
  EXPECT_EQ(total.connections_lost, 0U);
  EXPECT_EQ(total.of(Metric::kReconnect).count(), 0U) << "nothing was lost";
  EXPECT_EQ(total.connections_opened, 10U);
  for (const auto& connection : site().connections) EXPECT_LE(connection->served, 10U);
}

TEST_F(ConnectionPoolTest, DoesNotRenewAllConnectionsInTheSameMoment) {
  target.connections = 4;
  target.new_connection_every = RenewSpec{10, {}};
  EXPECT_EQ(run(1000, 100ms).ok, 100U);
  std::vector<std::size_t> first;
  for (std::size_t i = 0; i < 4; ++i) first.push_back(site().connections.at(i)->served);
  EXPECT_THAT(first, ElementsAre(10, 8, 5, 3));
}

TEST_F(ConnectionPoolTest, RenewsConnectionsAtAJitteredAge) {
  target.connections = 8;
  target.new_connection_every = RenewSpec{{}, 100ms};
  const SecondCell total = run(4000, 400ms);
  EXPECT_EQ(total.ok, 1600U);
  EXPECT_EQ(total.connections_lost, 0U);
  EXPECT_GE(total.connections_opened, 8U * 3);
  EXPECT_LE(total.connections_opened, 8U * 9);
  std::vector<Duration> ages;
  for (const auto& connection : site().connections) {
    if (ages.size() < 8) ages.push_back(connection->ended - connection->began);
  }
  const auto [least, most] = std::minmax_element(ages.begin(), ages.end());
  EXPECT_GE(*least, 50ms);
  EXPECT_GT(*most - *least, 5ms) << "they were all opened together";
}

TEST_F(ConnectionPoolTest, OpensConnectionsEvenlyOverTheTimeAskedFor) {
  target.connections = 10;
  target.connect_over = 200ms;
  EXPECT_EQ(run(1000, 300ms).connections_opened, 10U);
  const auto& dials = site().dials;
  ASSERT_EQ(dials.size(), 10U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_GE(dials.at(static_cast<std::size_t>(i)) - dials[0], 20ms * i - 1ms);
  }
  EXPECT_LT(dials[1] - dials[0], 150ms) << "not all at the end";
}

TEST_F(ConnectionPoolTest, MeasuresTheTimeUntilALostConnectionIsReplaced) {
  target.connections = 2;
  asio::steady_timer later(loop);
  const SecondCell total = run(500, 400ms, 100ms, [&] {
    site().go_down();
    later.expires_after(100ms);
    later.async_wait([&](const boost::system::error_code&) { site().up = true; });
  });
  EXPECT_EQ(total.connections_lost, 2U);
  EXPECT_EQ(total.connections_opened, 4U);
  EXPECT_GT(total.connections_failed, 2U);
  EXPECT_LT(total.connections_failed, 2U * 40) << "20 ms of back-off, at least half of it";
  EXPECT_EQ(total.of(Metric::kReconnect).count(), 2U);
  EXPECT_GE(total.of(Metric::kReconnect).min(), 90ms);
}

TEST_F(ConnectionPoolTest, CountsByTheAddressThatWasDialled) {
  target.urls.push_back({"http", "127.0.0.1", 2, "/"});
  target.connections = 4;
  site(2).up = false;
  SecondCell total = run(500, 100ms);
  EXPECT_EQ(total.ok, 50U);
  EXPECT_EQ(total.addresses.at("127.0.0.1:1").connections_opened, 2U);
  EXPECT_EQ(total.addresses.at("127.0.0.1:1").ok, 50U);
  EXPECT_EQ(total.addresses.at("127.0.0.1:2").connections_failed, total.connections_failed);
  EXPECT_GT(total.connections_failed, 2U);
}

TEST_F(ConnectionPoolTest, SendsWhatWasRefusedOnceMoreOnAnotherConnection) {
  target.connections = 2;
  int to_refuse = 10;
  std::vector<const PairedConnection*> refused;
  site().behaviour = [&](PairedConnection& connection, std::int32_t stream) {
    if (to_refuse > 0 && (refused.empty() || refused.front() == &connection)) {
      --to_refuse;
      refused.push_back(&connection);
      refuse(connection, stream);
    } else {
      answer(connection, stream);
    }
  };
  const SecondCell total = run(1000, 100ms);
  EXPECT_EQ(total.ok, 100U);
  EXPECT_EQ(total.sent, 100U);
  EXPECT_EQ(total.retried, 10U);
  EXPECT_EQ(site().served(), 110U);
}

TEST_F(ConnectionPoolTest, ARequestThatIsRefusedTwiceEndsAsReset) {
  site().behaviour = refuse;
  const SecondCell total = run(1000, 50ms);
  EXPECT_EQ(total.sent, 50U);
  EXPECT_EQ(total.retried, 50U);
  EXPECT_EQ(errors(total, ErrorClass::kReset), 50U);
  EXPECT_EQ(site().served(), 100U);
}

TEST_F(ConnectionPoolTest, SendsWhatIsAboveAGoawayOnceMore) {
  target.connections = 2;
  bool gone = false;
  site().behaviour = [&](PairedConnection& connection, std::int32_t stream) {
    if (!gone && connection.served == 5) {
      gone = true;
      connection.session.go_away(stream - 2);  // All before this one.
    } else {
      answer(connection, stream);
    }
  };
  const SecondCell total = run(2000, 50ms);
  EXPECT_TRUE(gone);
  EXPECT_EQ(total.ok, 100U);
  EXPECT_EQ(total.sent, 100U);
  EXPECT_GE(total.retried, 1U);
  EXPECT_EQ(total.connections_lost, 1U);
}

TEST_F(ConnectionPoolTest, ARequestAboveTwoGoawaysEndsAsGoaway) {
  site().behaviour = [](PairedConnection& connection, std::int32_t) {
    connection.session.go_away(0);
  };
  const SecondCell total = run(200, 50ms);
  EXPECT_EQ(total.sent, 10U);
  EXPECT_EQ(total.ok, 0U);
  EXPECT_GT(errors(total, ErrorClass::kGoaway), 0U);
  EXPECT_EQ(total.retried, 10U);
}

TEST_F(ConnectionPoolTest, AGoawayAheadOfTheAnswerThatItPromisesIsInGoodOrder) {
  target.connections = 2;
  target.reconnect = {10s, 10s};
  site().behaviour = [&](PairedConnection& connection, std::int32_t stream) {
    connection.session.go_away(stream);
    connection.flush();
    asio::post(loop, [&connection, stream] {
      answer(connection, stream);
      connection.flush();
    });
  };
  const SecondCell total = run(500, 100ms);
  EXPECT_EQ(total.ok, 50U);
  EXPECT_EQ(total.connections_lost, 50U);
  EXPECT_LT(total.of(Metric::kReconnect).max(), 1s) << "without back-off";
}

TEST_F(ConnectionPoolTest, AServerThatBreaksItsPromiseIsBelievedOnce) {
  target.reconnect = {40ms, 40ms};
  site().behaviour = [this](PairedConnection& connection, std::int32_t stream) {
    connection.session.go_away(stream);
    asio::post(loop, [&connection] { connection.close(); });
  };
  target.timeout = 100ms;
  const SecondCell total = run(100, 200ms);
  EXPECT_EQ(total.ok, 0U);
  EXPECT_GT(errors(total, ErrorClass::kClosed), 0U);
  const auto& dials = site().dials;
  ASSERT_GE(dials.size(), 4U);
  EXPECT_LT(dials[1] - dials[0], 19ms);
  for (std::size_t i = 2; i < dials.size(); ++i) EXPECT_GE(dials[i] - dials[i - 1], 19ms) << i;
}

TEST_F(ConnectionPoolTest, NoRequestIsTurnedAwayTwiceByAServerThatTakesFew) {
  target.connections = 3;
  site().behaviour = [](PairedConnection& connection, std::int32_t stream) {
    if (connection.served > 2) return;
    if (connection.served == 2) connection.session.go_away(stream);
    answer(connection, stream);
  };
  site().dial_takes = 5ms;  // So that requests wait for connections.
  const SecondCell total = run(2000, 200ms);
  EXPECT_EQ(total.ok, 400U);
  EXPECT_GT(total.retried, 0U);
  EXPECT_LT(total.retried, 100U) << "it learns how many the server takes";
}

TEST_F(ConnectionPoolTest, AServerThatTookFewOnceIsNotHeldToIt) {
  bool gone = false;
  site().behaviour = [&](PairedConnection& connection, std::int32_t stream) {
    if (connection.served == 2 && !std::exchange(gone, true)) {
      connection.session.go_away(stream - 2);
    } else {
      answer(connection, stream);
    }
  };
  const SecondCell total = run(1000, 300ms);
  EXPECT_EQ(total.ok, 300U);
  EXPECT_GE(total.retried, 1U);  // More were in flight where the loop had been late.
  EXPECT_EQ(total.connections_opened, 2U);
  EXPECT_LT(to_milliseconds(total.of(Metric::kResponse).at_percentile(50)), 10);
}

TEST_F(ConnectionPoolTest, AServerThatLeavesOnceAfterManyRequestsIsNotHeldToItEither) {
  for (const Duration length : {Duration(100ms), Duration(11ms)}) {  // With more to come, or none.
    sites.at.clear();
    target.streams = 1;  // Fewer than the server takes.
    target.connections = 2;
    bool gone = false;
    site().behaviour = [&](PairedConnection& connection, std::int32_t stream) {
      if (connection.served == 6 && !std::exchange(gone, true)) {
        site().dial_takes = 1h;  // The other one is all there is, and has answered five as well.
        connection.session.go_away(stream - 2);
      } else {
        answer(connection, stream);
      }
    };
    const SecondCell total = run(1000, length);
    EXPECT_TRUE(gone);
    EXPECT_EQ(total.ok, total.due);
    EXPECT_EQ(total.retried, 1U);
    EXPECT_EQ(total.connections_opened, 2U);
  }
}

TEST_F(ConnectionPoolTest, AServerThatLeavesForAFaultIsNotDialledAgainAtOnce) {
  target.reconnect = {40ms, 40ms};
  site().behaviour = [](PairedConnection& connection, std::int32_t stream) {
    answer(connection, stream);
    connection.session.go_away(stream, NGHTTP2_ENHANCE_YOUR_CALM);
  };
  EXPECT_GE(run(100, 200ms).ok, 1U);
  const auto& dials = site().dials;
  ASSERT_GE(dials.size(), 3U);
  for (std::size_t i = 1; i < dials.size(); ++i) EXPECT_GE(dials[i] - dials[i - 1], 19ms) << i;
}

TEST_F(ConnectionPoolTest, AnAnswerThatIsReadAfterItsTimeIsATimeout) {
  target.timeout = 30ms;
  bool slept = false;
  site().behaviour = [&](PairedConnection& connection, std::int32_t stream) {
    answer(connection, stream);
    // The whole loop stands still: the sweep comes late, and the answer is read before it.
    if (!std::exchange(slept, true)) std::this_thread::sleep_for(50ms);
  };
  const SecondCell total = run(1000, 1ms);
  EXPECT_EQ(total.sent, 1U);
  EXPECT_EQ(errors(total, ErrorClass::kTimeout), 1U);
  EXPECT_GE(total.of(Metric::kService).min(), 30ms);
  EXPECT_TRUE(total.status.empty());
}

TEST_F(ConnectionPoolTest, TheResponseOfARetryCountsFromItsDueMoment) {
  bool gone = false;
  site().behaviour = [&](PairedConnection& connection, std::int32_t stream) {
    if (!std::exchange(gone, true)) {
      connection.session.go_away(0);
    } else {
      answer(connection, stream);
    }
  };
  site().dial_takes = 50ms;
  target.reconnect = {1ms, 1ms};
  target.connections = 1;
  const SecondCell total = run(1000, 1ms);
  ASSERT_EQ(total.ok, 1U);
  EXPECT_EQ(total.retried, 1U);
  EXPECT_GE(total.of(Metric::kResponse).min(), 50ms);
  EXPECT_LT(total.of(Metric::kService).max(), 50ms);
}

TEST_F(ConnectionPoolTest, WhatCannotBeSentAgainEndsWithTheAttemptToConnect) {
  site().behaviour = [this](PairedConnection& connection, std::int32_t) {
    site().up = false;
    connection.session.go_away(0);
  };
  const SecondCell total = run(1000, 1ms);
  EXPECT_EQ(total.retried, 0U);
  EXPECT_EQ(errors(total, ErrorClass::kConnect), 1U);
}

TEST_F(ConnectionPoolTest, WhatWaitsTooLongToBeSentAgainTimesOut) {
  site().behaviour = [this](PairedConnection& connection, std::int32_t) {
    site().dial_takes = 1h;
    connection.session.go_away(0);
  };
  target.timeout = 50ms;
  const SecondCell total = run(1000, 1ms);
  EXPECT_EQ(total.retried, 0U);
  EXPECT_EQ(errors(total, ErrorClass::kTimeout), 1U);
}

TEST_F(ConnectionPoolTest, SharesTheLoadEvenlyOverUrlsUnderChurnAndLosses) {
  for (const Balance balance : {Balance::kRoundRobin, Balance::kRandom}) {
    sites.at.clear();
    target.urls = {{"http", "127.0.0.1", 1, "/"}, {"http", "127.0.0.1", 2, "/"}};
    target.balance = balance;
    target.connections = 8;
    target.new_connection_every = RenewSpec{10, {}};
    for (const std::uint16_t port : {std::uint16_t{1}, std::uint16_t{2}}) {
      site(port).behaviour = [](PairedConnection& connection, std::int32_t stream) {
        answer(connection, stream);
        if (connection.served == 7 && stream % 4 == 1) connection.session.go_away(stream);
      };
    }
    const SecondCell total = run(4000, 500ms);
    EXPECT_EQ(total.ok + errors(total, ErrorClass::kGoaway), 2000U) << "hit by two of them";
    EXPECT_GE(total.ok, 1980U);
    EXPECT_GT(total.connections_lost, 20U);
    const double share = static_cast<double>(site(1).served()) / 2000.0;
    EXPECT_NEAR(share, 0.5, balance == Balance::kRandom ? 0.12 : 0.05);
  }
}

TEST_F(ConnectionPoolTest, SendsTheLoadOfADeadUrlOverTheOthersUntilItIsBack) {
  target.urls.push_back({"http", "127.0.0.1", 2, "/"});
  target.connections = 4;
  asio::steady_timer later(loop);
  std::size_t before = 0;
  std::size_t back = 0;
  const SecondCell total = run(1000, 600ms, 200ms, [&] {
    site(2).go_down();
    before = site(2).served();
    later.expires_after(200ms);
    later.async_wait([&](const boost::system::error_code&) {
      back = site(2).served();
      site(2).up = true;
    });
  });
  EXPECT_GE(total.ok, 595U) << "only what was in flight was lost";
  EXPECT_NEAR(static_cast<double>(before), 100, 20);
  EXPECT_EQ(back, before);
  EXPECT_NEAR(static_cast<double>(site(2).served() - back), 100, 30) << "half of the rest";
}

}  // namespace
}  // namespace squall::generators
