// What h2load measures at a target whose truth is known by arithmetic.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/target/running_target.h"

namespace squall::generators {
namespace {

using std::chrono_literals::operator""ms;
using testing::HasSubstr;

ProgramRun h2load(const std::string& url, const std::string& options) {
  ProgramRun run = run_program("h2load " + options + " " + url);
  EXPECT_EQ(run.exit_code, 0) << run.output;
  return run;
}

double rate_of(const ProgramRun& run) {
  return number_in(run.output, "finished in [^,]*, ([0-9.]+) req/s");
}

TEST(TargetLoad, CapacityIsSlotsOverServiceTime) {
  const RunningTarget target({"/: service 10ms, limit 4, queue 10000"});
  // 4 / 10 ms = 400/s. 200 requests are always there, half a second's worth, so that neither
  // client nor server can let it run dry by waking up late.
  const ProgramRun run = h2load(target.http("/"), "-n 2000 -c 4 -m 50");
  EXPECT_NEAR(rate_of(run), 400, 0.03 * 400) << run.output;
  EXPECT_THAT(run.output, HasSubstr("2000 succeeded, 0 failed"));
}

TEST(TargetLoad, CapacityIsTheSameWithRandomServiceTimesOverTls) {
  const RunningTarget target({"/: service 2ms exponential, limit 4, queue 10000"});
  // 2000/s; the sum of 8000 exponential times has a standard error of 1/√8000 = 1.1 %.
  const ProgramRun run = h2load(target.https("/"), "-n 8000 -c 4 -m 100");
  EXPECT_NEAR(rate_of(run), 2000, (3 * 0.011 + 0.03) * 2000) << run.output;
}

TEST(TargetLoad, CountsAsTheClientDoes) {
  const RunningTarget target({"/: errors 5% 500, resets 2%"});
  const ProgramRun run = run_program("h2load -n 20000 -c 5 -m 20 " + target.http("/"));
  EXPECT_EQ(target.stat("requests"), 20000);
  const double ok = number_in(run.output, "status codes: ([0-9]+) 2xx");
  const double errors = number_in(run.output, "([0-9]+) 5xx");
  EXPECT_EQ(target.stat("200"), ok) << run.output;
  EXPECT_EQ(target.stat("500"), errors);
  EXPECT_EQ(target.stat("resets"), 20000 - ok - errors);
  // Five standard errors of a share: 5·√(p(1−p)/n).
  EXPECT_NEAR(errors / 20000, 0.05, 0.0077);
  EXPECT_NEAR(target.stat("resets") / 20000, 0.02, 0.005);
}

TEST(TargetLoad, RefusesAtOnceWhatTheQueueDoesNotHold) {
  const RunningTarget target({"/: service 200ms, limit 2, queue 3"});
  const ProgramRun run = h2load(target.http("/"), "-n 20 -c 1 -m 20");
  EXPECT_THAT(run.output, HasSubstr("status codes: 5 2xx, 0 3xx, 0 4xx, 15 5xx"));
  EXPECT_EQ(target.stat("refused"), 15);
  // Two of them 200 ms, two 400 ms, one 600 ms; the refused next to nothing.
  const double slowest = number_in(run.output, "time for request: +[0-9.]+[a-z]+ +([0-9.]+)ms");
  EXPECT_NEAR(slowest, 600, 60) << run.output;
}

TEST(TargetLoad, AStallHoldsEverythingButTheAdmin) {
  const RunningTarget target;
  target.post("stall", R"({"for_ms": 700})");
  const auto began = std::chrono::steady_clock::now();
  auto stalled =
      beside([&] { return target.curl("/", "-o /dev/null -w '%{http_code} %{time_total}'"); });
  EXPECT_EQ(target.curl("/.squall/health").output, "ok\n");
  EXPECT_TRUE(target.wait_for("in_service", 1));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 700ms) << "too slow a machine to tell";
  EXPECT_THAT(stalled.get().output, HasSubstr("200 0."));
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, 600ms);
  EXPECT_LT(took, 1500ms);
}

}  // namespace
}  // namespace squall::generators
