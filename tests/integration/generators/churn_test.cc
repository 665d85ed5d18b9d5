// A server that closes in good order after every answer: each request is answered all the same.
#include <csignal>
#include <ostream>
#include <string>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/nginx_options.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Protocol;

const std::string kOneEach = "keepalive_timeout 0; keepalive_requests 1;";

struct Speech {
  std::string name;
  Protocol protocol;
  bool tls;
  std::string listen;
};

std::ostream& operator<<(std::ostream& out, const Speech& speech) { return out << speech.name; }

/// One way to speak to nginx, which closes every connection after its first answer.
class OneAnswerEach : public testing::TestWithParam<Speech> {
 protected:
  SecondCell offer(const LoadSpec& load, const std::string& name, std::size_t connections) {
    const TemporaryFolder folder;
    auto nginx = start_nginx_with(folder, {GetParam().listen, kOneEach});
    EXPECT_TRUE(ok(nginx));
    if (!nginx) return {};
    TargetSpec target = target_at(nginx->port(), GetParam().protocol, connections,
                                  GetParam().protocol == Protocol::kH1 ? 1 : 100);
    if (GetParam().tls) {
      target.urls[0].scheme = "https";
      target.tls.ca = folder.file("cert.pem");
    }
    const Ran ran = run_loads(target, {load}, {}, 20s, 1);
    EXPECT_FALSE(ran.timed_out);
    nginx->end(SIGQUIT);
    const SecondCell total = ran.total(name);
    expect_sums_hold(total);
    std::string became;
    for (std::size_t i = 0; i < reports::kErrorClasses; ++i) {
      if (total.errors.at(i) == 0) continue;
      became += std::string(reports::to_string(static_cast<ErrorClass>(i))) + " " +
                std::to_string(total.errors.at(i)) + ", ";
    }
    EXPECT_EQ(total.ok, total.due)
        << became << "retried " << total.retried << ", unsent " << total.unsent << ", opened "
        << total.connections_opened << ", failed " << total.connections_failed;
    EXPECT_EQ(total.ok, lines_of(folder.file("access.log"), "GET /index.html HTTP/"));
    EXPECT_EQ(total.connections_failed, 0U);
    return total;
  }
};

TEST_P(OneAnswerEach, AnOpenLoadIsAnswered) {
  const SecondCell total = offer(open_load(100, 1s), "browse", 2);
  EXPECT_EQ(total.due, 100U);
  EXPECT_LT(to_milliseconds(total.of(Metric::kResponse).at_percentile(50)), 50);
}

TEST_P(OneAnswerEach, AClosedLoadIsAnswered) {
  const SecondCell total = offer(closed_load(2, 1s), "players", 2);
  EXPECT_GT(total.ok, 50U);
}

// Over HTTP/2 all ten are sent at once, and all but two turned away; not so a second time.
TEST_P(OneAnswerEach, MoreUsersThanConnectionsAreAnswered) {
  const SecondCell total = offer(closed_load(10, 1s), "players", 2);
  EXPECT_GT(total.ok, 50U);
}

INSTANTIATE_TEST_SUITE_P(Nginx, OneAnswerEach,
                         testing::Values(Speech{"Http2OverTls", Protocol::kH2, true, "ssl http2"},
                                         Speech{"Http2InClearText", Protocol::kH2c, false, "http2"},
                                         Speech{"Http1OverTls", Protocol::kH1, true, "ssl"},
                                         Speech{"Http1InClearText", Protocol::kH1, false, ""}),
                         [](const testing::TestParamInfo<Speech>& speech) {
                           return speech.param.name;
                         });

}  // namespace
}  // namespace squall::test
