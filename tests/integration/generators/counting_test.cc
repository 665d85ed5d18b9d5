#include <csignal>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Protocol;

TEST(Counting, AnOpenLoadEqualsTheServersLog) {
  const TemporaryFolder folder;
  auto nginx = start_nginx(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  const Ran ran = run_loads(target_at(nginx->port(), Protocol::kH2c, 4, 10), {open_load(1000, 2s)});
  EXPECT_FALSE(ran.timed_out);
  nginx->end(SIGQUIT);  // In good order, with its log written.
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.due, 2000U);
  EXPECT_EQ(total.ok, 2000U);
  EXPECT_EQ(total.status.at(200), 2000U);
  EXPECT_EQ(total.sent, lines_of(folder.file("access.log"), "GET /index.html"));
  EXPECT_EQ(total.connections_opened, 4U);
  EXPECT_EQ(total.connections_lost, 0U);
  EXPECT_EQ(total.of(Metric::kConnect).count(), 4U);
  EXPECT_GT(total.bytes_received, 2000U * 6);
}

TEST(Counting, AClosedLoadEqualsTheServersLog) {
  const TemporaryFolder folder;
  auto nginx = start_nginx(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  const Ran ran = run_loads(target_at(nginx->port(), Protocol::kH2c, 3, 10), {closed_load(20, 2s)});
  EXPECT_FALSE(ran.timed_out);
  nginx->end(SIGQUIT);
  const SecondCell total = ran.total("players");
  expect_sums_hold(total);
  EXPECT_GT(total.ok, 1000U);
  EXPECT_EQ(total.ok, total.due);
  EXPECT_EQ(total.sent, lines_of(folder.file("access.log"), "GET /index.html"));
}

TEST(Counting, EverySecondOfAnOpenLoadHasItsDueCount) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  const Ran ran =
      run_loads(target_at(server->port(), Protocol::kH2c, 2, 100), {open_load(500, 3s)});
  for (std::int64_t second = 0; second < 3; ++second) {
    EXPECT_EQ(ran.ledger.sum("browse", second, second + 1).due, 500U) << second;
  }
  EXPECT_EQ(ran.ledger.end_second("browse"), 3);
}

TEST(Counting, TheSumsHoldWhenTheServerIsKilledMidway) {
  const TemporaryFolder folder;
  const std::uint16_t port = free_port();
  auto server = start_nghttpd(folder, port);
  ASSERT_TRUE(ok(server));
  TargetSpec target = target_at(port, Protocol::kH2c, 4, 10);
  target.timeout = 1s;
  const Ran ran = run_loads(target, {open_load(2000, 3s), closed_load(10, 3s)},
                            {{1500ms, [&server] { server->end(SIGKILL); }}}, 20s);
  EXPECT_FALSE(ran.timed_out);
  EXPECT_LT(ran.took, 6s);
  const SecondCell open = ran.total();
  const SecondCell closed = ran.total("players");
  expect_sums_hold(open);
  expect_sums_hold(closed);
  EXPECT_EQ(open.due, 6000U);
  EXPECT_GT(errors(open, ErrorClass::kConnect), 2000U);
  EXPECT_GT(errors(closed, ErrorClass::kConnect), 0U);
  EXPECT_LT(errors(closed, ErrorClass::kConnect), 1000U) << "users wait for the back-off";
  EXPECT_GE(open.connections_lost, 4U);
  EXPECT_GT(open.connections_failed, 4U);
  EXPECT_LT(open.connections_failed, 400U) << "no spin";
}

TEST(Counting, AKilledServerThatReturnsIsUsedAgain) {
  const TemporaryFolder folder;
  const std::uint16_t port = free_port();
  auto first = start_nghttpd(folder, port);
  ASSERT_TRUE(ok(first));
  std::optional<RealServer> second;
  TargetSpec target = target_at(port, Protocol::kH2c, 4, 10);
  target.reconnect = {50ms, 200ms};
  const Ran ran = run_loads(target, {open_load(1000, 3s)},
                            {{1000ms, [&first] { first->end(SIGKILL); }},
                             {1500ms,
                              [&] {
                                auto started = start_nghttpd(folder, port);
                                ASSERT_TRUE(ok(started));
                                second.emplace(*std::move(started));
                              }}},
                            20s);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  const SecondCell last = ran.ledger.sum("browse", 2, 3);
  EXPECT_EQ(last.due, 1000U);
  EXPECT_GT(last.ok_by_due, 900U);
}

TEST(Counting, TlsIsVerifiedAndCountedToo) {
  const TemporaryFolder folder;
  auto server = start_nghttpd_tls(folder, free_port());
  ASSERT_TRUE(ok(server));
  TargetSpec target = target_at(server->port(), Protocol::kH2, 2, 10);
  target.tls.ca = folder.file("cert.pem");
  const SecondCell trusted = run_loads(target, {open_load(500, 1s)}).total();
  expect_sums_hold(trusted);
  EXPECT_EQ(trusted.ok, 500U);
  EXPECT_EQ(trusted.of(Metric::kTls).count(), 2U);

  target.tls.ca.reset();  // The system's roots do not know it.
  target.reconnect = {50ms, 100ms};
  const SecondCell refused = run_loads(target, {open_load(100, 1s)}).total();
  expect_sums_hold(refused);
  EXPECT_EQ(refused.ok, 0U);
  EXPECT_EQ(errors(refused, ErrorClass::kTls) + refused.unsent, 100U);
  EXPECT_GT(errors(refused, ErrorClass::kTls), 80U);
}

TEST(Counting, UnexpectedAnswersAreErrorsWithTheirStatus) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  LoadSpec load = open_load(200, 1s);
  load.requests[0].path.parts = {std::string("/missing")};
  LoadSpec wanting = open_load(200, 1s);
  wanting.name = "wanting";
  wanting.requests[0].expect.body_contains = "hell";
  wanting.requests[0].expect.headers["server"] = "nghttpd";
  const Ran ran = run_loads(target_at(server->port(), Protocol::kH2c, 1, 10), {load, wanting});
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(errors(total, ErrorClass::kUnexpected), 200U);
  EXPECT_EQ(total.status.at(404), 200U);
  EXPECT_EQ(ran.total("wanting").ok, 200U);
}

}  // namespace
}  // namespace squall::test
