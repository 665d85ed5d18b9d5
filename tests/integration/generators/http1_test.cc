// HTTP/1.1 and what ALPN says, against a real nginx: every count equals its log.
#include <csignal>
#include <fstream>
#include <set>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/nginx_options.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Protocol;

TargetSpec http1_at(const RealServer& server, bool tls, std::size_t connections) {
  TargetSpec target = target_at(server.port(), Protocol::kH1, connections, 1);
  if (tls) target.urls[0].scheme = "https";
  return target;
}

/// The kilobytes of memory that this process has had at most.
std::uint64_t peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  return 0;
}

TEST(Http1, AnOpenLoadInClearTextEqualsTheServersLog) {
  const TemporaryFolder folder;
  auto nginx = start_nginx_with(folder, {"", "keepalive_requests 1000000;"});
  ASSERT_TRUE(ok(nginx));
  const Ran ran = run_loads(http1_at(*nginx, false, 8), {open_load(1000, 2s)});
  EXPECT_FALSE(ran.timed_out);
  nginx->end(SIGQUIT);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.due, 2000U);
  EXPECT_EQ(total.ok, 2000U);
  EXPECT_EQ(total.sent, lines_of(folder.file("access.log"), "GET /index.html HTTP/1.1|200"));
  EXPECT_EQ(total.connections_opened, 8U);
  EXPECT_EQ(total.connections_lost, 0U);
}

TEST(Http1, AClosedLoadOverTlsEqualsTheServersLog) {
  const TemporaryFolder folder;
  auto nginx = start_nginx_with(folder, {"ssl", "keepalive_requests 1000000;"});
  ASSERT_TRUE(ok(nginx));
  TargetSpec target = http1_at(*nginx, true, 4);
  target.tls.ca = folder.file("cert.pem");
  const Ran ran = run_loads(target, {closed_load(10, 2s)});
  EXPECT_FALSE(ran.timed_out);
  nginx->end(SIGQUIT);
  const SecondCell total = ran.total("players");
  expect_sums_hold(total);
  EXPECT_GT(total.ok, 500U);
  EXPECT_EQ(total.ok, total.due);
  EXPECT_EQ(total.sent, lines_of(folder.file("access.log"), "GET /index.html HTTP/1.1|200"));
  EXPECT_EQ(total.of(Metric::kTls).count(), 4U);
}

TEST(Http1, AServerThatEndsConnectionsInGoodOrderCostsNoRequest) {
  for (const std::string setting : {"keepalive_requests 10;", "keepalive_timeout 0;"}) {
    SCOPED_TRACE(setting);
    const TemporaryFolder folder;
    auto nginx = start_nginx_with(folder, {"", setting});
    ASSERT_TRUE(ok(nginx));
    const Ran ran = run_loads(http1_at(*nginx, false, 4), {open_load(500, 2s)});
    nginx->end(SIGQUIT);
    const SecondCell total = ran.total();
    expect_sums_hold(total);
    EXPECT_EQ(total.ok, 1000U);
    EXPECT_EQ(total.sent, lines_of(folder.file("access.log"), "GET /index.html HTTP/1.1|200"));
    EXPECT_GE(total.connections_lost, setting == "keepalive_timeout 0;" ? 1000U : 96U);
    EXPECT_EQ(total.connections_failed, 0U);
  }
}

TEST(Http1, AConnectionThatTheServerFoundIdleIsNoErrorOfAnyRequest) {
  const TemporaryFolder folder;
  auto nginx = start_nginx_with(folder, {"", "keepalive_timeout 200ms;"});
  ASSERT_TRUE(ok(nginx));
  const Ran ran = run_loads(http1_at(*nginx, false, 2), {open_load(2, 3s)});
  nginx->end(SIGQUIT);
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 6U);
  EXPECT_GE(total.connections_lost, 4U);
}

TEST(Http1, ALargeDownloadIsNotKept) {
  const TemporaryFolder folder;
  auto nginx = start_nginx_with(folder, {"ssl", "sendfile on;"});
  ASSERT_TRUE(ok(nginx));
  std::string large;
  large.resize(10'000'000, 'x');
  folder.write("large.bin", large);
  TargetSpec target = http1_at(*nginx, true, 2);
  target.tls.verify = false;
  LoadSpec load = open_load(10, 2s);
  load.requests = {get("/large.bin")};
  const std::uint64_t before = peak_kib();
  const SecondCell total = run_loads(target, {load}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 20U);
  EXPECT_GT(total.bytes_received, 200'000'000U);
  EXPECT_LT(peak_kib() - before, 8'000U) << "less than one of the bodies";
}

TEST(Http1, AnUploadArrivesWhole) {
  const TemporaryFolder folder;
  auto nginx = start_nginx_with(
      folder, {"ssl", "client_max_body_size 10m; location /up { dav_methods PUT; }"});
  ASSERT_TRUE(ok(nginx));
  std::filesystem::create_directories(folder.path() / "up");
  // Started by root, nginx works as another user.
  std::filesystem::permissions(folder.path() / "up", std::filesystem::perms::all);
  TargetSpec target = http1_at(*nginx, true, 1);
  target.tls.verify = false;
  LoadSpec load = open_load(5, 1s);
  load.requests = {get("/up/file-${seq}")};
  load.requests[0].method = "PUT";
  load.requests[0].path.parts = {std::string("/up/file-"), generators::Sequence{}};
  load.requests[0].body.emplace();
  load.requests[0].body->parts.emplace_back(std::string(3'000'000, 'u'));
  const SecondCell total = run_loads(target, {load}).total();
  nginx->end(SIGQUIT);
  expect_sums_hold(total);
  EXPECT_EQ(total.status, (std::map<int, std::uint64_t>{{201, 5}}));
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder.path() / "up")) {
    EXPECT_EQ(file.file_size(), 3'000'000U) << file.path();
    ++files;
  }
  EXPECT_EQ(files, 5U);
}

TEST(Upload, ABodyFromAFileArrivesAsItIsOverEitherProtocol) {
  for (const auto& [protocol, listen] :
       {std::pair{Protocol::kH1, "ssl"}, std::pair{Protocol::kH2, "ssl http2"}}) {
    SCOPED_TRACE(listen);
    const TemporaryFolder folder;
    auto nginx = start_nginx_with(
        folder, {listen, "client_max_body_size 10m; location /up { dav_methods PUT; }"});
    ASSERT_TRUE(ok(nginx));
    std::filesystem::create_directories(folder.path() / "up");
    std::filesystem::permissions(folder.path() / "up", std::filesystem::perms::all);
    std::string body;
    for (std::uint32_t i = 0; body.size() < 2'000'000; ++i) body += std::to_string(i * i) + '\0';
    folder.write("body.bin", body);
    TargetSpec target = target_at(nginx->port(), protocol, 1, 1);
    target.urls[0].scheme = "https";
    target.tls.verify = false;
    LoadSpec load = open_load(5, 1s);
    load.requests = {get("/")};
    load.requests[0].method = "PUT";
    load.requests[0].path.parts = {std::string("/up/file-"), generators::Sequence{}};
    load.requests[0].body_file = "body.bin";
    const SecondCell total =
        run_loads(target, {load}, {}, 20s, 1, 200ms, {}, folder.path()).total();
    nginx->end(SIGQUIT);
    expect_sums_hold(total);
    EXPECT_EQ(total.status, (std::map<int, std::uint64_t>{{201, 5}}));
    int files = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder.path() / "up")) {
      std::ifstream arrived(file.path(), std::ios::binary);
      const std::string text(std::istreambuf_iterator<char>(arrived), {});
      EXPECT_TRUE(text == body) << file.path();
      ++files;
    }
    EXPECT_EQ(files, 5);
    std::ifstream log(folder.file("access.log"));
    int lines = 0;
    for (std::string line; std::getline(log, line); ++lines) {
      const std::size_t length = std::stoull(line.substr(line.rfind('|') + 1));
      EXPECT_GT(length, body.size()) << "with the header";
      EXPECT_LT(length, body.size() + 4000) << "and frames, but nothing twice";
    }
    EXPECT_EQ(lines, 5);
  }
}

TEST(Http1, AnUploadThatIsRefusedMidwayCountsWithItsStatusOrAsClosed) {
  const TemporaryFolder folder;
  auto nginx = start_nginx_with(folder, {"", "client_max_body_size 1k;"});
  ASSERT_TRUE(ok(nginx));
  LoadSpec load = open_load(10, 1s);
  load.requests[0].method = "POST";
  load.requests[0].body.emplace();
  std::string upload;
  upload.resize(20'000'000, 'u');
  load.requests[0].body->parts.emplace_back(std::move(upload));
  const SecondCell total = run_loads(http1_at(*nginx, false, 1), {load}).total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 0U);
  EXPECT_EQ(errors(total, ErrorClass::kUnexpected) + errors(total, ErrorClass::kClosed), 10U);
  EXPECT_EQ(errors(total, ErrorClass::kUnexpected),
            total.status.contains(413) ? total.status.at(413) : 0U);
}

TEST(Auto, TakesWhatTheServerSaysInAlpn) {
  for (const auto& [listen, version] :
       {std::pair{"ssl http2", "HTTP/2.0"}, std::pair{"ssl", "HTTP/1.1"}}) {
    SCOPED_TRACE(listen);
    const TemporaryFolder folder;
    auto nginx = start_nginx_with(folder, {listen, ""});
    ASSERT_TRUE(ok(nginx));
    TargetSpec target = target_at(nginx->port(), Protocol::kAuto, 4, 10);
    target.urls[0].scheme = "https";
    target.tls.ca = folder.file("cert.pem");
    const SecondCell total = run_loads(target, {open_load(200, 1s)}).total();
    nginx->end(SIGQUIT);
    expect_sums_hold(total);
    EXPECT_EQ(total.ok, 200U);
    EXPECT_EQ(lines_of(folder.file("access.log"), std::string("GET /index.html ") + version), 200U);
  }
}

TEST(Auto, IsHttp1InClearText) {
  const TemporaryFolder folder;
  auto nginx = start_nginx_with(folder, {"", ""});
  ASSERT_TRUE(ok(nginx));
  const SecondCell total =
      run_loads(target_at(nginx->port(), Protocol::kAuto, 4, 10), {open_load(200, 1s)}).total();
  nginx->end(SIGQUIT);
  EXPECT_EQ(total.ok, 200U);
  EXPECT_EQ(lines_of(folder.file("access.log"), "GET /index.html HTTP/1.1|200"), 200U);
}

TEST(Auto, AServerWithoutHttp2CannotBeMadeToSpeakIt) {
  const TemporaryFolder folder;
  auto nginx = start_nginx_with(folder, {"ssl", ""});
  ASSERT_TRUE(ok(nginx));
  TargetSpec target = target_at(nginx->port(), Protocol::kH2, 1, 10);
  target.tls.verify = false;
  testing::internal::CaptureStderr();
  const SecondCell total = run_loads(target, {open_load(50, 1s)}).total();
  const std::string said = testing::internal::GetCapturedStderr();
  expect_sums_hold(total);
  EXPECT_EQ(errors(total, ErrorClass::kTls), 50U);
  EXPECT_NE(said.find("did not agree on h2"), std::string::npos) << said;
}

}  // namespace
}  // namespace squall::test
