// QUIC's own disturbances, in the load's sockets, against gtlsserver (ngtcp2).
#include <cmath>
#include <optional>
#include <string>

#include "generators/spec/disturbance.h"

#include "tests/integration/generators/h3_servers.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Disturbance;
using generators::DisturbanceTally;
using generators::LoadEngine;

class Http3DisturbanceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = start_gtlsserver(folder, free_port());
    ASSERT_TRUE(ok(started));
    server.emplace(*std::move(started));
  }
  /// 400 requests a second for 3 s over 4 connections, disturbed from 0.5 s to 2.5 s.
  void run(const Disturbance& what) {
    const auto begin = [&](LoadEngine& engine) {
      EXPECT_TRUE(ok(engine.disturb("browse", what, 7)));
    };
    const auto end = [this](LoadEngine& engine) { tally = engine.calm("browse"); };
    TargetSpec target = h3_target(folder, server->port(), 4, 20);
    target.timeout = 2s;
    if (renews) target.new_connection_every = generators::RenewSpec{20, {}};
    const Ran ran =
        run_loads(target, {open_load(400, 3s)}, {{500ms, nullptr, begin}, {2500ms, nullptr, end}});
    EXPECT_FALSE(ran.timed_out);
    total = ran.total();
    expect_sums_hold(total);
  }
  void expect_all_survived() const {
    EXPECT_EQ(total.ok, 1200U) << errors_of(total);
    EXPECT_EQ(tally.connections, 4U);
    EXPECT_EQ(tally.lost + tally.silent, 0U);
    EXPECT_EQ(total.connections_lost, 0U);
    EXPECT_GT(tally.datagrams, 1000U);
    EXPECT_GT(tally.longest_gap, Duration::zero());
    EXPECT_LE(tally.all_gaps, 4 * tally.longest_gap);
  }

  TemporaryFolder folder;
  std::optional<RealServer> server;
  DisturbanceTally tally;
  SecondCell total;
  bool renews = false;  // Each connection after 20 requests.
};

TEST_F(Http3DisturbanceTest, NewPortsUnderConnectionsAreSurvived) {
  Disturbance what;
  what.rebind_every = 450ms;
  run(what);
  expect_all_survived();
  EXPECT_EQ(tally.rebinds, 20U) << "at once, and four times again, under four connections";
  EXPECT_LT(tally.longest_gap, 500ms);
}

TEST_F(Http3DisturbanceTest, ConnectionsMigrateToAnotherAddressAndBackButNotToWhereTheyCannotBe) {
  Disturbance what;
  what.migrate_every = 450ms;
  what.migrate_to = {"127.0.0.2", "127.0.0.1", "203.0.113.7", "::1"};
  run(what);
  expect_all_survived();
  EXPECT_EQ(tally.migrations + tally.unanswered + tally.not_migrated + tally.no_socket, 20U)
      << "five times under four connections";
  EXPECT_GE(tally.migrations, 6U);
  EXPECT_GE(tally.no_socket, 8U) << "not an address of ours, and of another family";
  EXPECT_NE(tally.why_no_socket.find("203.0.113.7"), std::string::npos) << tally.why_no_socket;
  EXPECT_LT(tally.longest_gap, 500ms);
}

TEST_F(Http3DisturbanceTest, AMigrationToTheAddressThatAConnectionHasAlreadyIsNone) {
  Disturbance what;
  what.migrate_every = 450ms;
  what.migrate_to = {"127.0.0.1"};
  run(what);
  expect_all_survived();
  EXPECT_EQ(tally.migrations + tally.unanswered + tally.not_migrated, 0U);
  EXPECT_EQ(tally.no_socket, 20U) << "five times under four connections";
  EXPECT_EQ(tally.why_no_socket, "127.0.0.1 is the connection's address already");
}

TEST_F(Http3DisturbanceTest, AMigrationIsUnansweredWhereThePathThereIsDead) {
  Disturbance what;
  what.migrate_every = 10s;
  what.migrate_to = {"127.0.0.2"};
  what.mtu = Bytes{1};
  run(what);
  EXPECT_EQ(tally.unanswered, 4U);
  EXPECT_EQ(tally.migrations + tally.not_migrated + tally.no_socket, 0U);
}

TEST_F(Http3DisturbanceTest, ConnectionsGoOnWithNewKeysAgainAndAgain) {
  Disturbance what;
  what.update_keys_every = 450ms;
  run(what);
  expect_all_survived();
  EXPECT_EQ(tally.key_updates + tally.keys_kept, 20U) << "at once, and four times again, of four";
  EXPECT_GE(tally.key_updates, 4U);
  EXPECT_LT(tally.longest_gap, 500ms);
}

TEST_F(Http3DisturbanceTest, DatagramsAreLostAndDoubledAndOvertakenAsAskedFor) {
  Disturbance what;
  what.loss = {0.05};
  what.duplicate = {0.05};
  what.reorder = {0.05};
  run(what);
  expect_all_survived();
  const auto expected = 0.05 * static_cast<double>(tally.datagrams);
  for (const std::uint64_t seen : {tally.dropped, tally.duplicated, tally.held_back}) {
    EXPECT_NEAR(static_cast<double>(seen), expected, 6 * std::sqrt(expected) + 0.05 * expected);
  }
  EXPECT_GT(total.quic.packets_lost, 0U);
}

TEST_F(Http3DisturbanceTest, ADelayIsThatOfBothWays) {
  Disturbance what;
  what.delay = 15ms;
  run(what);
  expect_all_survived();
  EXPECT_GE(total.of(Metric::kService).at_percentile(90), 30ms);
  EXPECT_LT(total.of(Metric::kService).at_percentile(50), 80ms);
  EXPECT_GE(tally.longest_gap, 30ms);
}

TEST_F(Http3DisturbanceTest, ABlackHoleForLargeDatagramsSwallowsThem) {
  Disturbance what;
  what.mtu = Bytes{1000};
  folder.write("index.html", std::string(8000, 'x'));
  run(what);
  EXPECT_EQ(tally.connections, 4U);
  EXPECT_GT(tally.too_large, 40U);
  EXPECT_EQ(tally.silent, 4U);
  // As many as are in flight at a time: no large answer comes through, but all small packets do.
  EXPECT_GE(total.all_errors(), 40U) << errors_of(total);
  EXPECT_GT(total.ok, 100U) << "but before it they did";
  EXPECT_GE(tally.longest_gap, 1900ms) << "acknowledgements are no answers";
}

TEST_F(Http3DisturbanceTest, HandshakesMeetWithADelayAsWell) {
  Disturbance what;
  what.delay = 60ms;
  renews = true;
  run(what);
  EXPECT_EQ(total.ok, 1200U) << errors_of(total);
  EXPECT_GT(tally.connections, 4U);
  // Two round trips at least: one for the keys, and the datagrams of each go one way and back.
  EXPECT_GE(total.of(Metric::kConnect).at_percentile(90), 120ms);
}

TEST_F(Http3DisturbanceTest, WhereNoHandshakeComesThroughTheRunEndsAllTheSame) {
  Disturbance what;
  what.mtu = Bytes{1199};  // RFC 9000 §14.1: what begins a connection has 1200 bytes.
  renews = true;
  run(what);
  EXPECT_GT(tally.too_large, 3U);
  EXPECT_GT(total.ok, 100U) << "before it, and after";
}

TEST_F(Http3DisturbanceTest, ALoadThatIsNotThereIsRefused) {
  auto engine = LoadEngine::make({h3_target(folder, server->port(), 1, 1)}, {open_load(1, 1s)}, {});
  ASSERT_TRUE(ok(engine));
  EXPECT_FALSE((*engine)->disturb("nobody", {}, 1));
}

}  // namespace
}  // namespace squall::test
