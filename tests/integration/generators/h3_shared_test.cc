// Connections that share a socket: to servers they are apart by their IDs alone.
#include <csignal>
#include <fstream>
#include <set>
#include <string>

#include "tests/integration/generators/h3_servers.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

/// The ports that caddy's log names as its clients'.
std::set<std::string> ports_in(const std::string& log) {
  const std::string key = "\"remote_port\":\"";
  std::ifstream text(log);
  std::set<std::string> ports;
  for (std::string line; std::getline(text, line);) {
    const std::size_t at = line.find(key);
    if (at == std::string::npos) continue;
    const std::size_t begin = at + key.size();
    ports.insert(line.substr(begin, line.find('"', begin) - begin));
  }
  return ports;
}

TargetSpec sharing(TargetSpec target) {
  target.quic.shares_socket = true;
  return target;
}

TEST(Http3Shared, AWorkerHasOnePortForAllConnectionsAndTheLogEqualsTheCounts) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  TargetSpec target = sharing(h3_target(folder, caddy->port(), 12, 10));
  target.new_connection_every = generators::RenewSpec{40, {}};
  const Ran ran = run_loads(target, {open_load(600, 2s)}, {}, 60s, 2);
  EXPECT_FALSE(ran.timed_out);
  caddy->end(SIGTERM);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 1200U) << errors_of(total);
  EXPECT_EQ(lines_of(folder.file("access.log"), "\"proto\":\"HTTP/3.0\""), 1200U);
  EXPECT_EQ(ports_in(folder.file("access.log")).size(), 2U) << "of two workers";
  EXPECT_GE(total.connections_opened, 30U);
  EXPECT_EQ(total.connections_failed + total.connections_lost, 0U);
  EXPECT_GT(total.datagrams_received, 0U);
  EXPECT_GT(total.bytes_received, 1200U * 6);
}

TEST(Http3Shared, OtherwiseEachConnectionHasAPortOfItsOwn) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  const SecondCell total =
      run_loads(h3_target(folder, caddy->port(), 6, 10), {open_load(300, 1s)}).total();
  caddy->end(SIGTERM);
  EXPECT_EQ(total.ok, 300U) << errors_of(total);
  EXPECT_EQ(ports_in(folder.file("access.log")).size(), 6U);
}

TEST(Http3Shared, LostDatagramsLoseNoRequestAndDownloadsAreWhole) {
  constexpr std::uint64_t kSize = 2'000'000;
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port(), {"--tx-loss=0.02", "--rx-loss=0.02"});
  ASSERT_TRUE(ok(server));
  LoadSpec load = open_load(8, 2s);
  load.requests = {get("/" + std::to_string(kSize))};
  TargetSpec target = sharing(h3_target(folder, server->port(), 4, 20));
  target.timeout = 30s;
  const SecondCell total = run_loads(target, {load}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 16U) << errors_of(total);
  EXPECT_GE(total.bytes_received, 16 * kSize);
}

TEST(Http3Shared, WhereNobodyListensAllAreToldByIcmp) {
  const TemporaryFolder folder;
  ASSERT_TRUE(ok(make_certificate(folder)));
  TargetSpec target = sharing(h3_target(folder, free_port(), 4, 10));
  target.reconnect = {50ms, 100ms};
  const Ran ran = run_loads(target, {open_load(100, 1s)});
  EXPECT_LT(ran.took, 3s);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(errors(total, ErrorClass::kConnect) + total.unsent, 100U);
  EXPECT_GT(errors(total, ErrorClass::kConnect), 50U);
}

/// 400 requests a second for 3 s over 4 connections of one worker, disturbed from 0.5 s to 2.5 s.
class Http3SharedDisturbance : public testing::Test {
 protected:
  void run(const generators::Disturbance& what) {
    const TemporaryFolder folder;
    auto server = start_gtlsserver(folder, free_port());
    ASSERT_TRUE(ok(server));
    const auto begin = [&](generators::LoadEngine& engine) {
      EXPECT_TRUE(ok(engine.disturb("browse", what, 7)));
    };
    const auto end = [this](generators::LoadEngine& engine) { tally = engine.calm("browse"); };
    TargetSpec target = sharing(h3_target(folder, server->port(), 4, 20));
    target.timeout = 2s;
    const Ran ran = run_loads(target, {open_load(400, 3s)},
                              {{500ms, nullptr, begin}, {2500ms, nullptr, end}}, 60s, 1);
    EXPECT_FALSE(ran.timed_out);
    const SecondCell total = ran.total();
    expect_sums_hold(total);
    EXPECT_EQ(total.ok, 1200U) << errors_of(total);
    EXPECT_EQ(total.connections_lost, 0U);
    EXPECT_EQ(tally.connections, 4U);
    EXPECT_EQ(tally.lost + tally.silent, 0U);
  }

  generators::DisturbanceTally tally;
};

TEST_F(Http3SharedDisturbance, ANewPortIsOneForAllThatShareIt) {
  generators::Disturbance what;
  what.rebind_every = 450ms;
  run(what);
  EXPECT_EQ(tally.rebinds, 20U) << "five new ports under four connections";
}

TEST_F(Http3SharedDisturbance, EachMigratesByItself) {
  generators::Disturbance what;
  what.migrate_every = 600ms;
  what.migrate_to = {"127.0.0.2", "127.0.0.1"};
  run(what);
  EXPECT_EQ(tally.migrations + tally.not_migrated + tally.no_socket, 16U);
  EXPECT_GE(tally.migrations, 8U);
}

}  // namespace
}  // namespace squall::test
