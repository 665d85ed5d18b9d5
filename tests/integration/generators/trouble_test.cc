#include <csignal>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Protocol;

TEST(Trouble, NothingListeningGivesConnectErrorsAndEndsInTime) {
  TargetSpec target = target_at(free_port(), Protocol::kH2c, 4, 10);
  target.timeout = 1s;
  const Ran ran = run_loads(target, {open_load(500, 2s), closed_load(10, 2s)}, {}, 20s);
  EXPECT_FALSE(ran.timed_out);
  EXPECT_LT(ran.took, 5s);
  const SecondCell open = ran.total();
  const SecondCell closed = ran.total("players");
  expect_sums_hold(open);
  expect_sums_hold(closed);
  EXPECT_EQ(open.due, 1000U);
  EXPECT_EQ(open.ok, 0U);
  EXPECT_EQ(errors(open, ErrorClass::kConnect), 1000U);
  EXPECT_GT(errors(closed, ErrorClass::kConnect), 10U);
  EXPECT_EQ(open.of(Metric::kService).count(), 0U);
}

TEST(Trouble, ANameWithoutAddressGivesResolveErrors) {
  TargetSpec target = target_at(free_port(), Protocol::kH2c, 1, 10);
  target.urls[0].host = "nowhere.invalid";  // RFC 6761 §6.4
  target.resolve["nowhere.invalid"] = {};
  const SecondCell total = run_loads(target, {open_load(100, 1s)}).total();
  expect_sums_hold(total);
  EXPECT_EQ(errors(total, ErrorClass::kResolve), 100U);
}

TEST(Trouble, NamesAreResolvedAsTheTargetSays) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  TargetSpec target = target_at(server->port(), Protocol::kH2c, 1, 10);
  target.urls[0].host = "edge.example";
  target.resolve["edge.example"] = {"127.0.0.2", "127.0.0.1"};  // The first refuses.
  const SecondCell total = run_loads(target, {open_load(100, 1s)}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 100U);
}

TEST(Trouble, AStoppedServerTimesRequestsOutAndTheSumsHold) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  TargetSpec target = target_at(server->port(), Protocol::kH2c, 2, 50);
  target.timeout = 500ms;
  const Ran ran = run_loads(target, {open_load(200, 2s), closed_load(5, 2s)},
                            {{1000ms, [&server] { server->signal_all(SIGSTOP); }}}, 20s);
  EXPECT_FALSE(ran.timed_out);
  EXPECT_LT(ran.took, 4s);
  const SecondCell open = ran.total();
  expect_sums_hold(open);
  expect_sums_hold(ran.total("players"));
  EXPECT_NEAR(static_cast<double>(errors(open, ErrorClass::kTimeout)), 200, 20);
  EXPECT_EQ(open.of(Metric::kService).count(), open.completed);
  EXPECT_NEAR(to_milliseconds(open.of(Metric::kService).max()), 500, 50);
}

TEST(Trouble, WhatIsOlderThanTheDeadlineIsShed) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  TargetSpec target = target_at(server->port(), Protocol::kH2c, 1, 10);
  target.deadline = 200ms;
  const Ran ran = run_loads(target, {open_load(1000, 3s)},
                            {{1000ms, [&server] { server->signal_all(SIGSTOP); }},
                             {2000ms, [&server] { server->signal_all(SIGCONT); }}});
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_NEAR(static_cast<double>(total.shed), 790, 80);
  EXPECT_EQ(total.due, 3000U);
}

TEST(Trouble, WhatCannotBeSentBeforeTheEndIsUnsent) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  TargetSpec target = target_at(server->port(), Protocol::kH2c, 1, 5);
  target.timeout = 1s;
  const Ran ran = run_loads(target, {open_load(200, 2s)},
                            {{1000ms, [&server] { server->signal_all(SIGSTOP); }}}, 20s);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_GT(total.unsent, 100U);
  EXPECT_LE(errors(total, ErrorClass::kTimeout), 15U);
}

TEST(Trouble, AServerOfAnotherProtocolGivesProtocolErrorsWithoutASpin) {
  const TemporaryFolder folder;
  const std::uint16_t port = free_port();
  auto server = RealServer::start({"python3", "-m", "http.server", "--bind", "127.0.0.1",
                                   "--directory", folder.path().string(), std::to_string(port)},
                                  port, folder.file("log"));
  ASSERT_TRUE(ok(server));
  TargetSpec target = target_at(port, Protocol::kH2c, 2, 10);
  target.timeout = 1s;
  const Ran ran = run_loads(target, {open_load(200, 1s)}, {}, 20s);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 0U);
  EXPECT_LT(total.connections_opened, 100U);
}

TEST(Trouble, StopEndsEarlyAndCountsWhatWasDue) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  auto engine = generators::LoadEngine::make({target_at(server->port(), Protocol::kH2c, 2, 10)},
                                             {open_load(1000, 60s), closed_load(5, 60s)}, {});
  ASSERT_TRUE(ok(engine));
  (*engine)->start(std::chrono::steady_clock::now());
  std::this_thread::sleep_for(700ms);
  server->signal_all(SIGSTOP);
  std::this_thread::sleep_for(300ms);
  (*engine)->stop(200ms);
  const Instant stopped = std::chrono::steady_clock::now();
  while (!(*engine)->is_done() && std::chrono::steady_clock::now() - stopped < 10s) {
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_TRUE((*engine)->is_done());
  EXPECT_LT(std::chrono::steady_clock::now() - stopped, 1s);
  reports::Ledger ledger;
  auto snapshot = (*engine)->collect();
  snapshot.sequence = 1;
  ledger.add("agent", snapshot);
  const SecondCell total = ledger.total("browse");
  expect_sums_hold(total);
  expect_sums_hold(ledger.total("players"));
  EXPECT_NEAR(static_cast<double>(total.due), 1000, 50);
  EXPECT_EQ(errors(total, ErrorClass::kTimeout), 20U);
  EXPECT_GT(total.unsent, 200U);
}

TEST(Trouble, AnEngineCanBeDestroyedUnderFullLoad) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  auto engine = generators::LoadEngine::make({target_at(server->port(), Protocol::kH2c, 4, 10)},
                                             {open_load(2000, 60s), closed_load(5, 60s)}, {});
  ASSERT_TRUE(ok(engine));
  (*engine)->start(std::chrono::steady_clock::now());
  std::this_thread::sleep_for(300ms);
}

TEST(Trouble, ConnectionsAreRenewedAfterSoManyRequestsWithoutLoss) {
  const TemporaryFolder folder;
  auto nginx = start_nginx(folder, free_port());
  ASSERT_TRUE(ok(nginx));
  TargetSpec target = target_at(nginx->port(), Protocol::kH2c, 2, 10);
  target.new_connection_every = generators::RenewSpec{100, {}};
  const SecondCell total = run_loads(target, {open_load(1000, 1s)}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 1000U);
  EXPECT_EQ(total.connections_lost, 0U);
  EXPECT_NEAR(static_cast<double>(total.connections_opened), 11, 2);
}

}  // namespace
}  // namespace squall::test
