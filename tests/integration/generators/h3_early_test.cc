// Early data (0-RTT) with real servers, and what can be written down of connections.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "tests/integration/generators/h3_servers.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

/// Connections that are renewed all the time, and send their first requests early. Of only one at a
/// time, what is due meanwhile has no other way.
TargetSpec early_target(const TemporaryFolder& folder, std::uint16_t port,
                        std::size_t connections = 4) {
  TargetSpec target = h3_target(folder, port, connections, 20);
  target.tls.resume_sessions = target.tls.early_data = true;
  target.new_connection_every = generators::RenewSpec{20, {}};
  return target;
}

void expect_early(const SecondCell& total, std::uint64_t requests) {
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, requests) << errors_of(total);
  EXPECT_EQ(total.connections_failed, 0U);
  EXPECT_GT(total.tls_resumed, 10U);
  EXPECT_GT(total.quic.early_sent, 10U);
  EXPECT_EQ(total.quic.early_rejected, 0U);
  EXPECT_EQ(total.quic.early_accepted, total.quic.early_sent);
  EXPECT_GT(total.quic.early_answers, 10U);
  EXPECT_GT(total.quic.full_answers, 0U) << "the first connections had no ticket";
  EXPECT_EQ(total.of(Metric::kConnect).count(), total.connections_opened);
  EXPECT_GT(total.quic.path_samples, 0U);
  EXPECT_GT(total.quic.packets_sent, 0U);
}

TEST(Http3Early, GtlsserverTakesRequestsAheadOfTheHandshake) {
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port());
  ASSERT_TRUE(ok(server));
  expect_early(run_loads(early_target(folder, server->port(), 1), {open_load(500, 2s)}).total(),
               1000);
}

TEST(Http3Early, CaddyTakesRequestsAheadOfTheHandshakeAndLogsEachOnce) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  const SecondCell total =
      run_loads(early_target(folder, caddy->port(), 1), {open_load(500, 2s)}).total();
  caddy->end(SIGTERM);
  expect_early(total, 1000);
  EXPECT_EQ(lines_of(folder.file("access.log"), "\"proto\":\"HTTP/3.0\""), 1000U);
}

/// What waits for the handshake is none of early data's answers, and saves nothing.
TEST(Http3Early, OnlyWhatWasSentEarlyIsAnsweredEarly) {
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port());
  ASSERT_TRUE(ok(server));
  LoadSpec unsafe = open_load(500, 1s);
  unsafe.requests[0].method = "POST";
  unsafe.requests[0].body.emplace().parts.emplace_back("hello");
  TargetSpec target = early_target(folder, server->port(), 1);
  target.new_connection_every = generators::RenewSpec{4, {}};
  const SecondCell held = run_loads(target, {unsafe}).total();
  expect_sums_hold(held);
  EXPECT_GT(held.tls_resumed, 10U);
  EXPECT_EQ(held.quic.early_sent, 0U);
  EXPECT_EQ(held.quic.early_answers, 0U);
  EXPECT_GT(held.quic.resumed_answers, 10U) << "they had a handshake first";

  LoadSpec mixed = unsafe;
  mixed.requests.push_back(open_load(500, 1s).requests[0]);
  const SecondCell both = run_loads(target, {mixed}).total();
  expect_sums_hold(both);
  EXPECT_GT(both.quic.early_answers, 0U);
  EXPECT_LE(both.quic.early_answers, both.quic.early_sent);
  EXPECT_GT(both.quic.resumed_answers, 0U);
}

TEST(Http3Early, ARestartedServerRejectsWhatItsForerunnerAllowedAndNothingIsLost) {
  const TemporaryFolder folder;
  const std::uint16_t port = free_port();
  auto server = start_gtlsserver(folder, port);
  ASSERT_TRUE(ok(server));
  std::optional<RealServer> successor;
  TargetSpec target = early_target(folder, port);
  target.timeout = 2s;
  target.reconnect = {2s, 2s};  // An attempt that finds nobody has used a ticket all the same.
  const Ran ran = run_loads(target, {open_load(200, 4s)},
                            {{1s,
                              [&] {
                                server->end(SIGKILL);
                                auto again = start_gtlsserver(folder, port);
                                ASSERT_TRUE(ok(again));
                                successor.emplace(*std::move(again));
                              }}},
                            20s);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_GT(total.quic.early_rejected, 0U);
  EXPECT_LE(total.quic.early_rejected + total.quic.early_accepted, total.quic.early_sent);
  EXPECT_EQ(ran.ledger.sum("browse", 3, 4).ok_by_due, 200U) << errors_of(total);
}

TEST(Http3Early, AServerThatIsGoneCountsAsConnectionsThatFailed) {
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port());
  ASSERT_TRUE(ok(server));
  TargetSpec target = early_target(folder, server->port());
  target.timeout = 1s;
  const Ran ran =
      run_loads(target, {open_load(200, 2s)}, {{1s, [&server] { server->end(SIGKILL); }}}, 20s);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_GT(total.connections_failed, 0U);
  EXPECT_GT(errors(total, ErrorClass::kConnect), 0U) << errors_of(total);
  EXPECT_GE(total.ok, 150U);
}

/// Each connection leaves a file, whatever becomes of it.
TEST(Http3Early, WhatIsGivenUpForItsAgeAheadOfItsHandshakesEndCountsAsFailed) {
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port());
  ASSERT_TRUE(ok(server));
  TargetSpec target = early_target(folder, server->port());
  target.new_connection_every = generators::RenewSpec{{}, 100ms};
  target.timeout = 500ms;
  target.quic.qlog = folder.file("qlog");
  const Ran ran =
      run_loads(target, {open_load(200, 2s)}, {{1s, [&] { server->signal_all(SIGSTOP); }}}, 20s);
  server->signal_all(SIGCONT);
  EXPECT_FALSE(ran.timed_out);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_GT(total.quic.early_sent, 10U);
  const auto begun = static_cast<std::uint64_t>(
      std::distance(std::filesystem::directory_iterator(folder.file("qlog")), {}));
  const std::uint64_t known = total.connections_opened + total.connections_failed;
  EXPECT_LE(known, begun);
  EXPECT_LE(begun, known + target.connections) << "those under way at the end are neither";
}

/// By h3 and by h2: GnuTLS and OpenSSL write to one file. GnuTLS looks for its name once in a
/// process: alone in its own, as ctest has it.
TEST(Http3Early, SecretsAndConnectionsAreWrittenDownWhereAskedFor) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  ASSERT_EQ(::setenv("SSLKEYLOGFILE", folder.file("keys.log").c_str(), 1), 0);
  TargetSpec quic = h3_target(folder, caddy->port(), 2, 10);
  quic.quic.qlog = folder.file("qlog");
  run_loads(quic, {open_load(50, 200ms)});
  const std::uint64_t of_quic = lines_of(folder.file("keys.log"), "CLIENT_TRAFFIC_SECRET_0");
  EXPECT_EQ(of_quic, 2U);
  TargetSpec plain = target_at(caddy->port(), generators::Protocol::kH2, 3, 10);
  plain.tls.ca = folder.file("cert.pem");
  run_loads(plain, {open_load(50, 200ms)});
  EXPECT_EQ(lines_of(folder.file("keys.log"), "CLIENT_TRAFFIC_SECRET_0"), of_quic + 3);
  ASSERT_EQ(::unsetenv("SSLKEYLOGFILE"), 0);
  std::size_t logs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.file("qlog"))) {
    EXPECT_GT(entry.file_size(), 1000U);
    ++logs;
  }
  EXPECT_EQ(logs, 2U);
}

}  // namespace
}  // namespace squall::test
