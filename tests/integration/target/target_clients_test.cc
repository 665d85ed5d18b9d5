// What ordinary clients get from a target: protocols, bodies, methods, certificates, admin paths.
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generators/load/fetch.h"

#include "tests/integration/target/running_target.h"

namespace squall::generators {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TargetServer, IsVerifiedByCurlWithTheCertificateItWrote) {
  const RunningTarget target;
  const std::string written = "curl -sS --http2 --cacert " + target.certificate_file() +
                              " -w '%{http_version} %{http_code}' ";
  EXPECT_THAT(run_program(written + target.https("/.squall/health")).output, "ok\n2 200");
  const std::string by_address = "https://127.0.0.1:" + std::to_string(target.port()) + "/";
  EXPECT_EQ(run_program(written + by_address).exit_code, 0);
  const ProgramRun unverified = run_program("curl -sS --http2 " + target.https("/"));
  EXPECT_EQ(unverified.exit_code, 60) << unverified.output;
}

TEST(TargetServer, ThatCannotListenLeavesTheCertificateOfWhoeverListensThere) {
  const RunningTarget target;
  TargetOptionTexts texts;
  texts.listen = {"127.0.0.1:" + std::to_string(target.port())};
  texts.protocols = "h2";
  texts.write_certificate = target.certificate_file();
  const auto options = parse_target_options(texts);
  ASSERT_TRUE(ok(options));
  EXPECT_FALSE(TargetServer::make(*options).has_value());
  const std::string written = "curl -sS --http2 --cacert " + target.certificate_file() + " ";
  EXPECT_EQ(run_program(written + target.https("/.squall/health")).output, "ok\n");
}

TEST(TargetServer, MaySpeakHttp1Alone) {
  const RunningTarget target({}, "h1");
  EXPECT_EQ(run_program("curl -sS --http1.1 -o /dev/null -w '%{http_version} %{http_code}' " +
                        target.http("/"))
                .output,
            "1.1 200");
}

TEST(TargetServer, SpeaksAllProtocolsOnOnePort) {
  const RunningTarget target;
  EXPECT_THAT(target.curl("/", "-o /dev/null -w '%{http_version} %{scheme}'").output, "2 HTTP");
  EXPECT_THAT(run_program("curl -sSk --http2 -o /dev/null -w '%{http_version} %{scheme}' " +
                          target.https("/"))
                  .output,
              "2 HTTPS");
  for (const std::string& url : {target.http("/"), target.https("/")}) {
    EXPECT_THAT(
        run_program("curl -sSk --http1.1 -o /dev/null -w '%{http_version} %{size_download}' " + url)
            .output,
        "1.1 64");
    EXPECT_THAT(run_program("curl -sSk --http1.0 -o /dev/null -w '%{size_download}' " + url).output,
                "64");
  }
  EXPECT_EQ(target.stat("h1"), 4);
}

TEST(TargetServer, ServesHttp1OnConnectionsThatAreKept) {
  const RunningTarget target(
      {"/large: body 64MiB", "/late: service 50ms", "/gone: resets 100%", "/empty: status 204"});
  const ProgramRun two = run_program(
      "curl -sS --http1.1 -o /dev/null -o /dev/null "
      "-w '%{http_code} %{size_download} %{num_connects}\\n' " +
      target.http("/large") + " " + target.http("/late"));
  EXPECT_EQ(two.output, "200 67108864 1\n200 64 0\n");
  const std::string curl = "curl -sS --http1.1 ";
  EXPECT_EQ(run_program(curl + target.http("/gone")).exit_code, 56) << "CURLE_RECV_ERROR";
  EXPECT_THAT(run_program(curl + "-i " + target.http("/empty")).output,
              testing::AllOf(HasSubstr("204 No Content"), Not(HasSubstr("content-length"))));
  EXPECT_THAT(run_program(curl + "-I " + target.http("/large")).output,
              HasSubstr("content-length: 67108864"));
  EXPECT_EQ(run_program("head -c 5000000 /dev/zero | " + curl +
                        "-T - -o /dev/null -w '%{http_code}' " + target.http("/"))
                .output,
            "200");
  EXPECT_EQ(target.stat("bodies_received"), 5'000'000);
}

TEST(TargetServer, TheAdminPathWorksOverHttp1) {
  const RunningTarget target;
  const std::string curl = "curl -sS --http1.1 ";
  EXPECT_EQ(run_program(curl + target.http("/.squall/health")).output, "ok\n");
  run_program(curl + "-X PATCH -d '{\"status\": 503}' '" +
              target.http("/.squall/behaviour?path=/") + "'");
  EXPECT_EQ(run_program(curl + "-o /dev/null -w '%{http_code}' " + target.http("/")).output, "503");
  run_program(curl + "-X POST " + target.http("/.squall/goaway"));
  EXPECT_EQ(run_program(curl + "-o /dev/null -w '%{http_code}' " + target.http("/")).output, "503");
}

TEST(TargetServer, TellsHttp1ThatItIsNotSpoken) {
  const RunningTarget target({}, "h2,h2c");
  for (const std::string& url : {target.http("/"), target.https("/")}) {
    const ProgramRun run = run_program("curl -sSki --http1.1 " + url);
    EXPECT_EQ(run.exit_code, 0) << run.output;
    EXPECT_THAT(run.output, HasSubstr("HTTP/1.1 505 HTTP Version Not Supported"));
    EXPECT_THAT(run.output, HasSubstr("It speaks HTTP/2 only"));
  }
  EXPECT_EQ(target.stat("refused"), 0);  // The first "refused" of the two: requests, not these.
}

TEST(TargetServer, BodiesHaveExactlyTheSizeAskedFor) {
  const RunningTarget target(
      {"/none: body 0B", "/odd: body 12345B", "/large: body 64MiB", "/huge: body 1GiB"});
  const auto size_of = [&](const std::string& path, const std::string& options = "") {
    return target.curl(path, options + " -o /dev/null -w '%{http_code} %{size_download}'").output;
  };
  EXPECT_EQ(size_of("/"), "200 64");
  EXPECT_EQ(size_of("/none"), "200 0");
  EXPECT_EQ(size_of("/odd"), "200 12345");
  EXPECT_EQ(size_of("/large"), "200 67108864");
  EXPECT_EQ(size_of("/huge", "-I"), "200 0");  // HEAD
  EXPECT_THAT(target.curl("/huge", "-I").output, HasSubstr("content-length: 1073741824"));
  EXPECT_EQ(run_program("curl -sS --http2 --cacert " + target.certificate_file() +
                        " -o /dev/null -w '%{size_download}' " + target.https("/large"))
                .output,
            "67108864");
}

TEST(TargetServer, TakesBodiesAndCountsThem) {
  const RunningTarget target;
  const ProgramRun run = run_program(
      "head -c 5000000 /dev/zero | curl -sS --http2-prior-knowledge --data-binary @- "
      "-o /dev/null -w '%{http_code}' " +
      target.http("/upload"));
  EXPECT_EQ(run.output, "200");
  EXPECT_EQ(target.stat("bodies_received"), 5'000'000);
}

TEST(TargetServer, ServesNghttpManyStreamsAtOnce) {
  const RunningTarget target({"/slow: service 100ms"});
  const ProgramRun run =
      run_program("nghttp -nsv -m 20 " + target.http("/slow") + " " + target.http("/fast"));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(target.stat("requests"), 40) << run.output;
  EXPECT_EQ(target.stat("200"), 40);
}

TEST(TargetServer, ChangesItsBehaviourWhileItRuns) {
  const RunningTarget target;
  const auto status = [&] { return target.curl("/a", "-o /dev/null -w '%{http_code}'").output; };
  EXPECT_EQ(status(), "200");
  EXPECT_THAT(target.post("behaviour?path=/a", R"({"status": 404})").output, HasSubstr("changed"));
  EXPECT_EQ(status(), "404");
  const std::string put = "-X PUT -w '%{http_code}' -d ";
  EXPECT_THAT(target.curl("/.squall/behaviour", put + R"('{"/": {"stauts": 1}}')").output,
              HasSubstr("unknown key 'stauts'"));
  EXPECT_EQ(status(), "404");
  EXPECT_THAT(target.curl("/.squall/behaviour", put + R"('{"/": {"status": 418}}')").output,
              HasSubstr("200"));
  EXPECT_EQ(status(), "418");
}

TEST(TargetServer, DropsConnectionsOnOrder) {
  const RunningTarget target({"/never: silence 100%"});
  auto waiting = beside([&] { return target.curl("/never"); });
  ASSERT_TRUE(target.wait_for("silenced", 1));
  EXPECT_THAT(target.post("drop-connections").output, HasSubstr("dropped"));
  EXPECT_EQ(waiting.get().exit_code, 56);  // CURLE_RECV_ERROR: reset by peer.
  EXPECT_EQ(target.stat("dropped"), 1);
}

TEST(TargetServer, AfterGoAwayWhatIsUnderWayIsStillAnswered) {
  const RunningTarget target({"/slow: service 300ms"});
  auto waiting = beside([&] { return target.curl("/slow", "-o /dev/null -w '%{http_code}'"); });
  ASSERT_TRUE(target.wait_for("in_service", 1));
  target.post("goaway");
  EXPECT_EQ(waiting.get().output, "200");
}

TEST(TargetServer, AnswersWhatIsUnderWayWhenStopped) {
  RunningTarget target({"/slow: service 300ms", "/never: silence 100%"});
  auto waiting = beside([&] { return target.curl("/slow", "-o /dev/null -w '%{http_code}'"); });
  auto unanswered = beside([&] { return target.curl("/never"); });
  ASSERT_TRUE(target.wait_for("in_service", 1));
  ASSERT_TRUE(target.wait_for("silenced", 1));
  const auto asked = std::chrono::steady_clock::now();
  target.stop();
  EXPECT_EQ(waiting.get().output, "200");
  EXPECT_NE(unanswered.get().exit_code, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(5));
}

TEST(TargetServer, ResetsStreamsAsAsked) {
  const RunningTarget target({"/reset: resets 100%"});
  EXPECT_EQ(target.curl("/reset").exit_code, 92);  // CURLE_HTTP2_STREAM
  EXPECT_EQ(target.stat("resets"), 1);
}

TEST(TargetServer, AcceptsAndThenSaysNothingOnOrder) {
  const RunningTarget target;
  target.post("silence", R"({"for_ms": 600})");
  EXPECT_EQ(target.curl("/", "--max-time 0.2").exit_code, 28);  // CURLE_OPERATION_TIMEDOUT
  EXPECT_TRUE(target.wait_for("requests", 0));                  // Until it listens again.
  EXPECT_EQ(target.curl("/", "-o /dev/null -w '%{http_code}'").output, "200");
}

// Without h1 it answers HTTP/1.1 with 505, which the ready check once took for the last word.
TEST(TargetServer, IsFoundReadyInClearTextAndOverTls) {
  const RunningTarget target({}, "h2,h2c");
  for (const std::string& url : {target.http("/.squall/health"), target.https("/.squall/health")}) {
    const auto answer = fetch(url, std::chrono::seconds(5));
    ASSERT_TRUE(ok(answer)) << url;
    EXPECT_EQ(answer->status, 200) << url;
  }
}

}  // namespace
}  // namespace squall::generators
