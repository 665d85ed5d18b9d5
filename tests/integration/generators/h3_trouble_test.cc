// HTTP/3 with servers that stall, die and return.
#include <csignal>
#include <optional>

#include <gmock/gmock.h>

#include "tests/integration/generators/h3_servers.h"

namespace squall::test {
namespace {

/// As with HTTP/2 (stall_test.cc): 1000 requests a second for 10 s, in which the server is stopped
/// for 1 s: a tenth of the requests wait, evenly from 0 to 1 s, and never less is shown. It may be
/// more: what the socket of the stopped server has no room for is lost, and QUIC takes that for
/// congestion (RFC 9002 §7.6), so that it needs a while to send it again.
TEST(Http3Trouble, AStallShowsInFull) {
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port());
  ASSERT_TRUE(ok(server));
  Instant stopped{};
  Instant resumed{};
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const Ran ran = run_loads(h3_target(folder, server->port(), 10, 100), {open_load(1000, 10s)},
                            {{5000ms,
                              [&] {
                                server->signal_all(SIGSTOP);
                                stopped = now();
                              }},
                             {6000ms, [&] {
                                server->signal_all(SIGCONT);
                                resumed = now();
                              }}});
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 10000U);
  EXPECT_EQ(total.connections_lost, 0U);
  // As long as it really lasted; the test's own thread may be late.
  const double stall = to_milliseconds(resumed - stopped);
  const auto& response = total.of(Metric::kResponse);
  constexpr double kRecovery = 400;
  const auto expect_within = [](double value, double least) {
    EXPECT_GE(value, least - 25);
    EXPECT_LE(value, least + kRecovery);
  };
  expect_within(to_milliseconds(response.at_percentile(95)), stall - 500);
  expect_within(to_milliseconds(response.at_percentile(99)), stall - 100);
  expect_within(to_milliseconds(response.max()), stall);
  EXPECT_EQ(total.unsent, 0U);
  EXPECT_LT(to_milliseconds(total.of(Metric::kLateness).at_percentile(99)), 50);
}

TEST(Http3Trouble, TheSumsHoldWhenTheServerIsKilledMidway) {
  const TemporaryFolder folder;
  const std::uint16_t port = free_port();
  auto server = start_caddy(folder, port);
  ASSERT_TRUE(ok(server));
  TargetSpec target = h3_target(folder, port, 4, 10);
  target.timeout = 1s;
  const Ran ran = run_loads(target, {open_load(1000, 3s), closed_load(10, 3s)},
                            {{1500ms, [&server] { server->end(SIGKILL); }}}, 20s);
  EXPECT_FALSE(ran.timed_out);
  EXPECT_LT(ran.took, 6s);
  const SecondCell open = ran.total();
  const SecondCell closed = ran.total("players");
  expect_sums_hold(open);
  expect_sums_hold(closed);
  EXPECT_EQ(open.due, 3000U);
  EXPECT_GT(errors(open, ErrorClass::kConnect), 1000U);
  EXPECT_GT(errors(closed, ErrorClass::kConnect), 0U);
  EXPECT_LT(errors(closed, ErrorClass::kConnect), 1000U) << "users wait for the back-off";
  EXPECT_GE(open.connections_lost, 4U);
  EXPECT_GT(open.connections_failed, 4U);
  EXPECT_LT(open.connections_failed, 400U) << "no spin";
}

TEST(Http3Trouble, AKilledServerThatReturnsIsUsedAgain) {
  const TemporaryFolder folder;
  const std::uint16_t port = free_port();
  auto first = start_gtlsserver(folder, port);
  ASSERT_TRUE(ok(first));
  std::optional<RealServer> second;
  TargetSpec target = h3_target(folder, port, 4, 10);
  target.reconnect = {50ms, 200ms};
  const Ran ran = run_loads(target, {open_load(500, 4s)},
                            {{1000ms, [&first] { first->end(SIGKILL); }},
                             {1500ms,
                              [&] {
                                auto started = start_gtlsserver(folder, port);
                                ASSERT_TRUE(ok(started));
                                second.emplace(*std::move(started));
                              }}},
                            20s);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.connections_lost, 4U);
  const SecondCell last = ran.ledger.sum("browse", 3, 4);
  EXPECT_EQ(last.due, 500U);
  EXPECT_GT(last.ok_by_due, 450U);
}

/// Two requests, 2 s apart; a connection is kept for 1.2 s. The second request comes 0.8 s after
/// the first connection has gone.
TEST(Http3Trouble, AServersIdleTimeOutBetweenRequestsLosesConnectionsButNoRequest) {
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port(), {"--timeout=1200ms"});
  ASSERT_TRUE(ok(server));
  TargetSpec target = h3_target(folder, server->port(), 1, 10);
  target.reconnect = {5ms, 20ms};
  const SecondCell total = run_loads(target, {open_load(0.5, 4s)}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 2U) << errors_of(total);
  EXPECT_GE(total.connections_lost, 1U);
  EXPECT_EQ(total.connections_failed, 0U);
  EXPECT_GT(total.connections_opened, total.connections_lost) << "the second went on a new one";
  EXPECT_THAT(total.quic.errors,
              testing::ElementsAre(testing::Pair(
                  reports::QuicError{"idle time-out", {}, false, false}, total.connections_lost)));
}

TEST(Http3Trouble, AServerThatLeavesInGoodOrderIsCounted) {
  const TemporaryFolder folder;
  const std::uint16_t port = free_port();
  auto server = start_caddy(folder, port);
  ASSERT_TRUE(ok(server));
  TargetSpec target = h3_target(folder, port, 2, 10);
  target.timeout = 1s;
  const Ran ran =
      run_loads(target, {open_load(200, 2s)}, {{1000ms, [&server] { server->end(SIGTERM); }}}, 20s);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.due, 400U);
  EXPECT_GT(total.ok, 150U);
  EXPECT_GE(total.connections_lost, 2U);
}

}  // namespace
}  // namespace squall::test
