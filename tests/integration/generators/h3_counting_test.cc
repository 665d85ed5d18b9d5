// HTTP/3 against caddy and gtlsserver: what is counted is what the server says it had.
#include <csignal>
#include <filesystem>

#include "tests/integration/generators/h3_servers.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

TEST(Http3, AnOpenLoadEqualsTheServersLog) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  const Ran ran = run_loads(h3_target(folder, caddy->port(), 4, 10), {open_load(500, 2s)});
  EXPECT_FALSE(ran.timed_out);
  caddy->end(SIGTERM);  // In good order, with its log written.
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.due, 1000U);
  EXPECT_EQ(total.ok, 1000U);
  EXPECT_EQ(total.status.at(200), 1000U);
  EXPECT_EQ(lines_of(folder.file("access.log"), "\"proto\":\"HTTP/3.0\""), total.sent);
  EXPECT_EQ(total.connections_opened, 4U);
  EXPECT_EQ(total.connections_lost, 0U);
  EXPECT_EQ(total.of(Metric::kConnect).count(), 4U);
  EXPECT_EQ(total.of(Metric::kTls).count(), 0U) << "it is part of QUIC's handshake";
  EXPECT_GT(total.bytes_received, 1000U * 6);
}

TEST(Http3, AClosedLoadThatRenewsItsConnectionsEqualsTheServersLog) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  TargetSpec target = h3_target(folder, caddy->port(), 3, 10);
  target.new_connection_every = generators::RenewSpec{50, {}};
  const Ran ran = run_loads(target, {closed_load(12, 2s)});
  EXPECT_FALSE(ran.timed_out);
  caddy->end(SIGTERM);
  const SecondCell total = ran.total("players");
  expect_sums_hold(total);
  EXPECT_GT(total.ok, 500U);
  EXPECT_EQ(total.ok, total.due);
  EXPECT_EQ(lines_of(folder.file("access.log"), "\"proto\":\"HTTP/3.0\""), total.sent);
  EXPECT_GE(total.connections_opened, total.sent / 50);
  EXPECT_EQ(total.connections_failed, 0U);
}

RequestSpec post(const std::string& path, std::size_t size) {
  RequestSpec request = get(path);
  request.name = "POST " + path;
  request.method = "POST";
  request.body.emplace();
  request.body->parts.emplace_back(std::string(size, 'u'));
  return request;
}

/// Over connections that are renewed after every second request.
TEST(Http3, LargeDownloadsAndUploadsOverNewConnectionsEqualTheServersLog) {
  constexpr std::uint64_t kSize = 10'000'000;
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  folder.write("large.bin", "");
  std::filesystem::resize_file(folder.path() / "large.bin", kSize);
  LoadSpec load = open_load(12, 1s);
  load.requests = {get("/large.bin"), post("/upload", 200'000)};
  load.requests[1].expect.status = {{201, 201}};
  TargetSpec target = h3_target(folder, caddy->port(), 2, 10);
  target.timeout = 30s;
  target.new_connection_every = generators::RenewSpec{2, {}};
  SecondCell total = run_loads(target, {load}).total();
  caddy->end(SIGTERM);
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 12U) << errors_of(total);
  EXPECT_GT(total.status[200], 0U);
  EXPECT_GT(total.status[201], 0U);
  EXPECT_GE(total.bytes_received, total.status[200] * kSize);
  EXPECT_EQ(lines_of(folder.file("access.log"), "\"uri\":\"/large.bin\""), total.status[200]);
  EXPECT_EQ(lines_of(folder.file("access.log"), "\"uri\":\"/upload\""), total.status[201]);
  EXPECT_GE(total.connections_opened, 6U);
  EXPECT_EQ(total.connections_lost + total.connections_failed, 0U);
}

/// So is each of gtlsserver's.
TEST(Http3, LargeUploadsArriveWholeBesideDownloadsOverNewConnections) {
  constexpr std::size_t kSize = 3'000'000;  // More than the server's windows.
  constexpr std::uint64_t kDownload = 10'000'000;
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port());
  ASSERT_TRUE(ok(server));
  LoadSpec load = open_load(12, 1s);
  load.requests = {post("/100", kSize), get("/" + std::to_string(kDownload))};
  TargetSpec target = h3_target(folder, server->port(), 2, 10);
  target.timeout = 30s;
  target.new_connection_every = generators::RenewSpec{2, {}};
  SecondCell total = run_loads(target, {load}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 12U) << errors_of(total);
  const std::uint64_t uploads = total.requests["POST /100"].ok;
  EXPECT_GT(uploads, 0U);
  EXPECT_LT(uploads, 12U);
  EXPECT_GE(total.bytes_sent, uploads * kSize);
  EXPECT_GE(total.bytes_received, (12 - uploads) * kDownload);
  EXPECT_GE(total.connections_opened, 6U);
  EXPECT_EQ(total.connections_lost + total.connections_failed, 0U);
}

TEST(Http3, AnUploadThatTheServerAnswersWithoutReadingItCountsAsAnswered) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  LoadSpec load = open_load(20, 1s);
  load.requests = {post("/upload", 200'000)};
  load.requests[0].expect.status = {{201, 201}};
  const SecondCell total = run_loads(h3_target(folder, caddy->port(), 2, 10), {load}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 20U);
  EXPECT_EQ(total.status.at(201), 20U);
}

TEST(Http3, AServersRetryCostsARoundTripAndNothingElse) {
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port(), {"--validate-addr"});
  ASSERT_TRUE(ok(server));
  const SecondCell total =
      run_loads(h3_target(folder, server->port(), 4, 10), {open_load(200, 1s)}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 200U);
  EXPECT_EQ(total.connections_failed, 0U);
}

TEST(Http3, LostDatagramsLoseNoRequest) {
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port(), {"--tx-loss=0.02", "--rx-loss=0.02"});
  ASSERT_TRUE(ok(server));
  const SecondCell total =
      run_loads(h3_target(folder, server->port(), 4, 20), {open_load(300, 2s)}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 600U) << errors_of(total);
}

TEST(Http3, AServerThatIsNotTrustedIsATlsError) {
  const TemporaryFolder folder;
  auto server = start_gtlsserver(folder, free_port());
  ASSERT_TRUE(ok(server));
  TargetSpec target = h3_target(folder, server->port(), 2, 10);
  target.tls.ca.reset();  // The system's roots do not know it.
  target.reconnect = {50ms, 100ms};
  const SecondCell refused = run_loads(target, {open_load(100, 1s)}).total();
  expect_sums_hold(refused);
  EXPECT_EQ(refused.ok, 0U);
  EXPECT_EQ(errors(refused, ErrorClass::kTls) + refused.unsent, 100U);
  EXPECT_GT(errors(refused, ErrorClass::kTls), 50U);

  target = h3_target(folder, server->port(), 2, 10);
  target.tls.server_name = "elsewhere.test";  // Which the certificate is not for.
  target.reconnect = {50ms, 100ms};
  const SecondCell other = run_loads(target, {open_load(100, 1s)}).total();
  expect_sums_hold(other);
  EXPECT_EQ(other.ok, 0U);
  EXPECT_GT(errors(other, ErrorClass::kTls), 50U);

  target.tls.verify = false;
  EXPECT_EQ(run_loads(target, {open_load(100, 1s)}).total().ok, 100U);
}

TEST(Http3, ACertificateOfOursIsShownWhereTheServerAsksForOne) {
  const TemporaryFolder folder;
  ASSERT_TRUE(ok(make_certificate(folder)));
  auto caddy = start_caddy(folder, free_port(),
                           "client_auth {\n mode require_and_verify\n trusted_ca_cert_file " +
                               folder.file("cert.pem") + "\n}");
  ASSERT_TRUE(ok(caddy));
  TargetSpec target = h3_target(folder, caddy->port(), 2, 10);
  target.urls[0].host = "localhost";  // Without SNI caddy asks for none.
  target.resolve["localhost"] = {"127.0.0.1"};
  target.reconnect = {50ms, 100ms};
  const SecondCell without = run_loads(target, {open_load(100, 1s)}).total();
  expect_sums_hold(without);
  EXPECT_EQ(without.ok, 0U);
  EXPECT_GT(errors(without, ErrorClass::kTls), 0U) << errors_of(without);

  target.tls.certificate = folder.file("cert.pem");
  target.tls.key = folder.file("key.pem");
  const SecondCell with = run_loads(target, {open_load(100, 1s)}).total();
  expect_sums_hold(with);
  EXPECT_EQ(with.ok, 100U) << errors_of(with);
}

TEST(Http3, SessionsAreResumedWhereTheTargetSaysSo) {
  const TemporaryFolder folder;
  auto caddy = start_caddy(folder, free_port());
  ASSERT_TRUE(ok(caddy));
  TargetSpec target = h3_target(folder, caddy->port(), 1, 4);
  target.new_connection_every = generators::RenewSpec{20, {}};
  const SecondCell full = run_loads(target, {open_load(200, 1s)}, {}, 60s, 1).total();
  EXPECT_EQ(full.ok, 200U);
  EXPECT_EQ(full.tls_resumed, 0U);
  target.tls.resume_sessions = true;
  const SecondCell resumed = run_loads(target, {open_load(200, 1s)}, {}, 60s, 1).total();
  EXPECT_EQ(resumed.ok, 200U);
  EXPECT_GE(resumed.connections_opened, 9U);
  EXPECT_GE(resumed.tls_resumed + 2, resumed.connections_opened);
}

TEST(Http3, WhereNobodyListensIsAConnectError) {
  const TemporaryFolder folder;
  ASSERT_TRUE(ok(make_certificate(folder)));
  TargetSpec target = h3_target(folder, free_port(), 2, 10);
  target.reconnect = {50ms, 100ms};
  const Ran ran = run_loads(target, {open_load(100, 1s)});
  EXPECT_LT(ran.took, 3s) << "told by ICMP, not by a time-out";
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(errors(total, ErrorClass::kConnect) + total.unsent, 100U);
  EXPECT_GT(errors(total, ErrorClass::kConnect), 50U);
  EXPECT_LT(total.connections_failed, 100U) << "no spin";
}

}  // namespace
}  // namespace squall::test
