#include "generators/load/fetch.h"

#include <gmock/gmock.h>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::fetch;

std::string url(const char* scheme, std::uint16_t port, const char* path = "/index.html") {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(port) + path;
}

TEST(Fetch, SpeaksHttp2OverTlsWithAnyCertificate) {
  const TemporaryFolder folder;
  auto server = start_nghttpd_tls(folder, free_port());
  ASSERT_TRUE(ok(server));
  auto answer = fetch(url("https", server->port()), 5s);
  ASSERT_TRUE(ok(answer));
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body, "hello\n");
}

TEST(Fetch, SpeaksHttp2InClearTextWhereNothingElseIsSpoken) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  auto answer = fetch(url("http", server->port(), "/missing"), 5s);
  ASSERT_TRUE(ok(answer));
  EXPECT_EQ(answer->status, 404);
}

TEST(Fetch, SpeaksHttp1) {
  const TemporaryFolder folder;
  folder.write("index.html", std::string(200'000, 'x'));
  const std::uint16_t port = free_port();
  auto server = RealServer::start({"python3", "-m", "http.server", "--bind", "127.0.0.1",
                                   "--directory", folder.path().string(), std::to_string(port)},
                                  port, folder.file("log"));
  ASSERT_TRUE(ok(server));
  auto answer = fetch(url("http", port), 5s);
  ASSERT_TRUE(ok(answer));
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->body.size(), 64U * 1024);
  EXPECT_THAT(answer->headers, testing::Contains(testing::Pair("content-length", "200000")));
  auto connected = fetch(url("tcp", port, ""), 5s);
  ASSERT_TRUE(ok(connected));
  EXPECT_EQ(connected->status, 200);
}

TEST(Fetch, FailsWhereNothingListens) {
  EXPECT_FALSE(fetch(url("http", free_port()), 1s));
  EXPECT_FALSE(fetch(url("tcp", free_port(), ""), 1s));
  EXPECT_FALSE(fetch("gopher://x/", 1s));
}

TEST(Fetch, GivesUpInTimeOnAServerThatSaysNothing) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  server->signal_all(SIGSTOP);
  const Instant before = std::chrono::steady_clock::now();
  const auto answer = fetch(url("http", server->port()), 300ms);
  EXPECT_TRUE(failed_with(answer, std::errc::timed_out));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
}

}  // namespace
}  // namespace squall::test
