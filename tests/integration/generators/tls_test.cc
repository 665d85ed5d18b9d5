// TLS with a real nginx: certificates of clients, versions, sessions that are resumed.
#include <csignal>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/nginx_options.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Protocol;

TargetSpec tls_at(const RealServer& server, const TemporaryFolder& folder, Protocol protocol) {
  TargetSpec target = target_at(server.port(), protocol, 2, 1);
  target.urls[0].scheme = "https";
  target.tls.ca = folder.file("cert.pem");
  return target;
}

TEST(TlsOptions, AClientsCertificateIsShownWhereItIsAskedFor) {
  const TemporaryFolder folder;
  ASSERT_TRUE(ok(make_certificate(folder)));
  auto nginx = start_nginx_with(folder, {"ssl", "ssl_verify_client on; ssl_client_certificate " +
                                                    folder.file("cert.pem") + ";"});
  ASSERT_TRUE(ok(nginx));
  TargetSpec target = tls_at(*nginx, folder, Protocol::kH1);
  const SecondCell without = run_loads(target, {open_load(50, 1s)}).total();
  expect_sums_hold(without);
  EXPECT_EQ(without.ok, 0U);
  EXPECT_EQ(without.status.at(400), 50U) << "No required SSL certificate was sent";
  target.tls.certificate = folder.file("cert.pem");
  target.tls.key = folder.file("key.pem");
  EXPECT_EQ(run_loads(target, {open_load(50, 1s)}).total().ok, 50U);
}

TEST(TlsOptions, AServerBelowTheLowestVersionIsNotSpokenTo) {
  const TemporaryFolder folder;
  auto nginx = start_nginx_with(folder, {"ssl", "ssl_protocols TLSv1.2;"});
  ASSERT_TRUE(ok(nginx));
  TargetSpec target = tls_at(*nginx, folder, Protocol::kH1);
  EXPECT_EQ(run_loads(target, {open_load(50, 1s)}).total().ok, 50U);
  EXPECT_EQ(lines_of(folder.file("access.log"), "TLSv1.2"), 50U);
  target.tls.min_version = "1.3";
  const SecondCell refused = run_loads(target, {open_load(50, 1s)}).total();
  expect_sums_hold(refused);
  EXPECT_EQ(errors(refused, ErrorClass::kTls), 50U);
}

/// Every request has a connection of its own, so that there are as many handshakes as requests.
SecondCell many_handshakes(const std::string& protocols, bool resumes, Protocol protocol,
                           std::uint64_t& resumed_by_log) {
  const TemporaryFolder folder;
  auto nginx =
      start_nginx_with(folder, {protocol == Protocol::kH2 ? "ssl http2" : "ssl",
                                "ssl_protocols " + protocols + "; ssl_session_cache shared:s:1m;"});
  EXPECT_TRUE(ok(nginx));
  if (!nginx) return {};
  TargetSpec target = tls_at(*nginx, folder, protocol);
  target.tls.resume_sessions = resumes;
  target.streams = 1;
  target.new_connection_every = generators::RenewSpec{.requests = 1, .age = {}};
  const SecondCell total = run_loads(target, {open_load(100, 1s)}, {}, 60s, 1).total();
  nginx->end(SIGQUIT);
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 100U);
  EXPECT_GE(total.connections_opened, 100U);
  resumed_by_log = lines_of(folder.file("access.log"), "|200|r|");
  return total;
}

TEST(TlsSessionsWithNginx, AreResumedByEveryConnectionButTheFirst) {
  for (const std::string version : {"TLSv1.2", "TLSv1.3"}) {
    SCOPED_TRACE(version);
    std::uint64_t by_log = 0;
    const SecondCell total = many_handshakes(version, true, Protocol::kH1, by_log);
    // Two connections begin at once, without a session.
    EXPECT_GE(total.tls_resumed, total.connections_opened - 2);
    EXPECT_GE(by_log, 98U);
    EXPECT_LE(by_log, total.tls_resumed) << "the last two were never asked anything";
    EXPECT_LE(total.tls_resumed, by_log + 2);
  }
}

TEST(TlsSessionsWithNginx, AreNotResumedUnlessAskedFor) {
  std::uint64_t by_log = 0;
  EXPECT_EQ(many_handshakes("TLSv1.3", false, Protocol::kH1, by_log).tls_resumed, 0U);
  EXPECT_EQ(by_log, 0U);
}

TEST(TlsSessionsWithNginx, AreResumedAlsoForHttp2) {
  std::uint64_t by_log = 0;
  const SecondCell total = many_handshakes("TLSv1.3", true, Protocol::kH2, by_log);
  EXPECT_GE(total.tls_resumed, total.connections_opened - 2);
  EXPECT_GE(by_log, 90U);
}

}  // namespace
}  // namespace squall::test
