#include <csignal>

#include "tests/integration/generators/load_fixture.h"
#include "tests/integration/generators/servers.h"

namespace squall::test {
namespace {

using generators::Protocol;

/// 1000 requests a second for 10 s, in which the server is stopped for 1 s: a tenth of the requests
/// wait, evenly from 0 to 1 s. So p95 of `response` is 500 ms, and p99 900 ms.
void expect_the_stall_to_show(std::size_t connections, std::size_t streams) {
  const TemporaryFolder folder;
  auto server = start_nghttpd(folder, free_port());
  ASSERT_TRUE(ok(server));
  Instant stopped{};
  Instant resumed{};
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const Ran ran = run_loads(target_at(server->port(), Protocol::kH2c, connections, streams),
                            {open_load(1000, 10s)},
                            {{5000ms,
                              [&] {
                                server->signal_all(SIGSTOP);
                                stopped = now();
                              }},
                             {6000ms, [&] {
                                server->signal_all(SIGCONT);
                                resumed = now();
                              }}});
  const SecondCell total = ran.total();
  expect_sums_hold(total);
  EXPECT_EQ(total.ok, 10000U);
  // As long as it really lasted; the test's own thread may be late.
  const double stall = to_milliseconds(resumed - stopped);
  const auto& response = total.of(Metric::kResponse);
  EXPECT_NEAR(to_milliseconds(response.at_percentile(95)), stall - 500, 25);
  EXPECT_NEAR(to_milliseconds(response.at_percentile(99)), stall - 100, 45);
  EXPECT_NEAR(to_milliseconds(response.max()), stall, 50);
  EXPECT_LT(to_milliseconds(response.at_percentile(80)), 50);
  EXPECT_EQ(total.unsent, 0U);
  // The waiting was the server's fault, not the generator's.
  EXPECT_LT(to_milliseconds(total.of(Metric::kLateness).at_percentile(99)), 50);
}

TEST(Stall, ShowsInFullWhenAllCanBeInFlight) { expect_the_stall_to_show(10, 100); }

TEST(Stall, ShowsInFullWhenMostMustWaitForAStream) { expect_the_stall_to_show(1, 10); }

}  // namespace
}  // namespace squall::test
