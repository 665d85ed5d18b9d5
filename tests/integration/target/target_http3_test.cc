// The target's HTTP/3, asked by our own client and by two that are not ours: gtlsclient (ngtcp2)
// and headless Chromium.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/target/running_target.h"

namespace squall::generators {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using test::ErrorClass;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAll = "h1,h2,h2c,h3";

TargetSpec h3_target(const RunningTarget& target, std::size_t connections, std::size_t streams) {
  TargetSpec spec = test::target_at(target.port(), Protocol::kH3, connections, streams);
  spec.tls.ca = target.certificate_file();
  return spec;
}

/// gtlsclient asks for paths on one connection, and keeps what it gets in a folder.
class Gtlsclient {
 public:
  explicit Gtlsclient(const RunningTarget& target) : target_(target) {}

  ProgramRun get(const std::vector<std::string>& paths, const std::string& options = "") const {
    std::string command = "timeout 30 gtlsclient --exit-on-all-streams-close --timeout=10s " +
                          options + " --download=" + folder_.path().string() + " localhost " +
                          std::to_string(target_.port());
    for (const std::string& path : paths) command += " " + target_.https(path);
    return run_program(command);
  }
  /// What it got for a path: the size of that file; −1: nothing.
  std::int64_t size(const std::string& name) const {
    std::error_code none;
    const auto size = std::filesystem::file_size(folder_.path() / name, none);
    return none ? -1 : static_cast<std::int64_t>(size);
  }
  std::string file(const std::string& name) const { return folder_.file(name); }

 private:
  const RunningTarget& target_;
  test::TemporaryFolder folder_;
};

TEST(TargetHttp3, CountsAsOurOwnClientDoes) {
  const RunningTarget target({"/: errors 10% 500, resets 5%"}, kAll);
  TargetSpec spec = h3_target(target, 8, 20);
  spec.new_connection_every = RenewSpec{100, {}};
  const auto total = test::run_loads(spec, {test::open_load(1500, 2s)}).total();
  test::expect_sums_hold(total);
  EXPECT_EQ(total.sent, 3000U);
  EXPECT_EQ(target.stat("requests"), 3000);
  EXPECT_EQ(target.stat("200"), static_cast<double>(total.status.at(200)));
  EXPECT_EQ(target.stat("500"), static_cast<double>(total.status.at(500)));
  EXPECT_EQ(target.stat("resets"), static_cast<double>(test::errors(total, ErrorClass::kReset)));
  EXPECT_GT(target.stat("resets"), 100);
  EXPECT_GE(target.stat("h3"), 30) << "it renews its connections";
  EXPECT_GT(total.quic.ecn_ect0, 1000U) << "it marks what it sends";
  EXPECT_EQ(total.quic.ecn_ce, 0U);
  EXPECT_TRUE(target.wait_for("open", 1)) << "but for who asks, all have said goodbye";
}

TEST(TargetHttp3, ServesHundredsOfConnectionsOnOnePort) {
  const RunningTarget target({"/: body 2KB"}, kAll);
  const auto total =
      test::run_loads(h3_target(target, 300, 4), {test::open_load(1000, 2s)}).total();
  test::expect_sums_hold(total);
  EXPECT_EQ(total.ok, 2000U);
  EXPECT_EQ(total.connections_opened, 300U);
  EXPECT_EQ(target.stat("h3"), 300);
}

/// Four connections are dropped in the middle of a load.
void expect_a_crash(const RunningTarget& target, TargetSpec spec) {
  spec.reconnect = {50ms, 100ms};
  const auto drop = [&] { EXPECT_EQ(target.post("drop-connections").exit_code, 0); };
  const auto total = test::run_loads(spec, {test::open_load(400, 2s)}, {{1s, drop}}).total();
  test::expect_sums_hold(total);
  EXPECT_EQ(total.connections_lost, 4U);
  EXPECT_EQ(total.connections_opened, 8U);
  EXPECT_GT(total.ok, 700U);
  EXPECT_EQ(target.stat("h3"), 8);
  EXPECT_GE(target.stat("stateless_resets"), 4);
  EXPECT_EQ(total.quic.errors.at({"stateless reset", {}, true, false}), 4U);
}

TEST(TargetHttp3, DropsConnectionsAsACrashDoes) {
  const RunningTarget target({}, kAll);
  expect_a_crash(target, h3_target(target, 4, 10));
}

TEST(TargetHttp3, ItsStatelessResetsFindConnectionsThatShareASocket) {
  const RunningTarget target({}, kAll);
  TargetSpec spec = h3_target(target, 4, 10);
  spec.quic.shares_socket = true;
  expect_a_crash(target, spec);
}

TEST(TargetHttp3, GtlsclientGetsWhatItAsksFor) {
  const RunningTarget target({"/large: body 10MB", "/late: service 100ms"}, kAll);
  const Gtlsclient client(target);
  const ProgramRun run = client.get({"/small", "/large", "/late"}, "-q");
  EXPECT_EQ(run.exit_code, 0) << run.output;
  EXPECT_EQ(client.size("small"), 64);
  EXPECT_EQ(client.size("large"), 10'000'000);
  EXPECT_EQ(client.size("late"), 64);
  EXPECT_EQ(target.stat("200"), 3);
}

TEST(TargetHttp3, GtlsclientUploads) {
  const RunningTarget target({}, kAll);
  const Gtlsclient client(target);
  run_program("head -c 10000000 /dev/zero > " + client.file("data"));
  EXPECT_EQ(client.get({"/taken"}, "-q -d " + client.file("data")).exit_code, 0);
  EXPECT_EQ(client.size("taken"), 64);
  EXPECT_EQ(target.stat("bodies_received"), 10'000'000);
}

TEST(TargetHttp3, GtlsclientMayMoveAndChangeItsKeys) {
  const RunningTarget target({"/late: service 300ms, body 3MB"}, kAll);
  for (const std::string how : {"--change-local-addr=100ms",
                                "--nat-rebinding --change-local-addr=100ms --delay-stream=300ms",
                                "--key-update=100ms", "--max-udp-payload-size=1200"}) {
    const Gtlsclient client(target);
    const ProgramRun run = client.get({"/late"}, "-q " + how);
    EXPECT_EQ(run.exit_code, 0) << how << run.output;
    EXPECT_EQ(client.size("late"), 3'000'000) << how;
  }
  EXPECT_EQ(target.stat("h3"), 4);
}

TEST(TargetHttp3, GtlsclientComesAgainAfterARetryAndFindsTheVersion) {
  TargetOptionTexts texts;
  texts.retry = true;
  const RunningTarget target({}, kAll, texts);
  const Gtlsclient client(target);
  EXPECT_EQ(client.get({"/a"}, "-q").exit_code, 0);
  EXPECT_EQ(client.size("a"), 64);
  EXPECT_EQ(target.stat("retries"), 1);
  client.get({"/b"}, "-q -v 0x1a2a3a4a --preferred-versions=v1");
  EXPECT_EQ(client.size("b"), 64);
  EXPECT_EQ(target.stat("version_negotiations"), 1);
}

TEST(TargetHttp3, GtlsclientsEarlyDataIsTakenWhereItIsAllowed) {
  for (const bool allows : {true, false}) {
    TargetOptionTexts texts;
    texts.early_data = allows;
    const RunningTarget target({}, kAll, texts);
    const Gtlsclient client(target);
    const std::string files =
        "--session-file=" + client.file("session") + " --tp-file=" + client.file("params");
    EXPECT_EQ(client.get({"/a"}, "-q --wait-for-ticket " + files).exit_code, 0);
    EXPECT_EQ(client.get({"/b"}, "-q " + files).exit_code, 0);
    EXPECT_EQ(client.size("b"), 64);
    EXPECT_EQ(target.stat("resumed"), 1);
    EXPECT_EQ(target.stat("early_data"), allows ? 1 : 0);
    EXPECT_EQ(target.stat("200"), 2);
  }
}

TEST(TargetHttp3, ChromiumShowsThePage) {
  const RunningTarget target({}, kAll);
  const test::TemporaryFolder folder;
  const std::string key =
      run_program("openssl x509 -pubkey -noout -in " + target.certificate_file() +
                  " | openssl pkey -pubin -outform der"
                  " | openssl dgst -sha256 -binary | base64")
          .output.substr(0, 44);
  const ProgramRun run = run_program(
      "timeout 60 chromium --headless --no-sandbox --disable-gpu --no-first-run"
      " --disable-background-networking --disable-component-update --disable-sync"
      " --user-data-dir=" +
      folder.path().string() + " --ignore-certificate-errors-spki-list=" + key +
      " --enable-quic --origin-to-force-quic-on=127.0.0.1:" + std::to_string(target.port()) +
      " --dump-dom https://127.0.0.1:" + std::to_string(target.port()) + "/page 2>/dev/null");
  EXPECT_THAT(run.output, HasSubstr("squall target: the same sixty-four bytes again"));
  EXPECT_EQ(target.stat("h2"), 1) << "that of who asks";
  EXPECT_GE(target.stat("h3"), 1);
  EXPECT_GE(target.stat("200"), 1);
}

TEST(TargetHttp3, AnswersOverTlsNameItWhereTheyAreToldTo) {
  TargetOptionTexts texts;
  texts.alt_svc = 60;
  const RunningTarget target({}, kAll, texts);
  const std::string said = "alt-svc: h3=\":" + std::to_string(target.port()) + "\"; ma=60";
  EXPECT_THAT(run_program("curl -sSki --http2 " + target.https("/")).output, HasSubstr(said));
  EXPECT_THAT(run_program("curl -sSki --http1.1 " + target.https("/")).output, HasSubstr(said));
  EXPECT_THAT(run_program("curl -sSki --http1.1 " + target.http("/")).output,
              Not(HasSubstr("alt-svc")));
}

}  // namespace
}  // namespace squall::generators
