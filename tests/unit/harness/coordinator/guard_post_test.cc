#include "harness/coordinator/guard_post.h"

#include <chrono>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// A scenario of ten seconds with a guard on a file that is not there yet.
class GuardPosts : public testing::Test {
 protected:
  GuardPosts() {
    scenario_.directory = folder_.path().string();
    scenarios::GuardSpec guard;
    guard.name = "hand";
    guard.file = "stop-here";
    scenario_.guards.push_back(guard);
    plan_.length = 10s;
  }

  static reports::Snapshot of(std::int64_t second) {
    reports::Snapshot snapshot;
    snapshot.second = second;
    return snapshot;
  }
  void touch() { std::ofstream(folder_.path() / "stop-here") << ""; }

  TemporaryFolder folder_;
  scenarios::Scenario scenario_;
  scenarios::Plan plan_;
};

TEST_F(GuardPosts, JudgesASecondWhenAllThatRunHaveToldOfIt) {
  GuardPost post(scenario_, plan_, {});
  touch();
  post.take("agent-1", of(0));
  EXPECT_THAT(post.hear({}, 1050ms, {"agent-1", "agent-2"}).trips, IsEmpty());
  post.take("agent-2", of(0));
  EXPECT_THAT(post.hear({}, 1060ms, {"agent-1", "agent-2"}).trips, SizeIs(1));
}

TEST_F(GuardPosts, WaitsASecondForAgentsThatAreSilent) {
  GuardPost post(scenario_, plan_, {});
  touch();
  EXPECT_THAT(post.hear({}, 1990ms, {"agent-1"}).trips, IsEmpty());
  EXPECT_THAT(post.hear({}, 2s, {"agent-1"}).trips, SizeIs(1));
}

TEST_F(GuardPosts, JudgesNothingAfterThePlan) {
  GuardPost post(scenario_, plan_, {});
  EXPECT_THAT(post.hear({}, 20s, {}).trips, IsEmpty());
  touch();
  EXPECT_THAT(post.hear({}, 30s, {}).trips, IsEmpty());
}

TEST_F(GuardPosts, ListensToItsProbes) {
  scenarios::GuardSpec pager;
  pager.name = "pager";
  pager.outside = scenarios::ProbeSpec{};
  pager.outside->url = "http://127.0.0.1:1/";
  pager.outside->every = 20ms;
  scenario_.guards = {pager};
  GuardPost post(scenario_, plan_, [](const std::string&, Duration) -> Result<ProbeReply> {
    return ProbeReply{.status = 503, .headers = {}, .body = ""};
  });
  GuardPost::Heard heard;
  for (int i = 0; i < 500 && heard.answers.empty(); ++i) {
    std::this_thread::sleep_for(2ms);
    heard = post.hear(std::chrono::steady_clock::now(), 0s, {});
  }
  ASSERT_FALSE(heard.answers.empty());
  EXPECT_EQ(heard.answers[0].probe, "guard pager");
  EXPECT_FALSE(heard.answers[0].is_good);
  ASSERT_THAT(heard.changes, SizeIs(1));
  const auto trips = post.hear(std::chrono::steady_clock::now(), 2s, {}).trips;
  ASSERT_THAT(trips, SizeIs(1));
  EXPECT_EQ(trips[0].sentence, "http://127.0.0.1:1/ does not answer as expected: status 503");
}

TEST_F(GuardPosts, LeavesOutWhatProbesSayWhenTheLoadIsOver) {
  scenarios::ProbeSpec probe;
  probe.name = "health";
  probe.every = 20ms;
  scenario_.probes = {probe};
  GuardPost post(scenario_, plan_, [](const std::string&, Duration) -> Result<ProbeReply> {
    return ProbeReply{.status = 503, .headers = {}, .body = ""};
  });
  std::this_thread::sleep_for(50ms);
  const Instant long_ago = std::chrono::steady_clock::now() - 60s;
  const GuardPost::Heard heard = post.hear(long_ago, 60s, {});
  EXPECT_THAT(heard.answers, IsEmpty());
  EXPECT_THAT(heard.changes, IsEmpty());
}

TEST(ProbeReply, IsAsExpectedByStatusHeadersAndBody) {
  generators::ExpectSpec expect;
  EXPECT_THAT(unmet({.status = 302, .headers = {}, .body = ""}, expect), IsEmpty());
  EXPECT_THAT(unmet({.status = 404, .headers = {}, .body = ""}, expect), ElementsAre("status 404"));
  expect.status = {{404, 404}};
  expect.body_contains = "ok";
  expect.headers = {{"via", "edge"}};
  EXPECT_THAT(unmet({.status = 200, .headers = {{"via", "1.1 core"}}, .body = "no"}, expect),
              ElementsAre("status 200", "without \"via: edge\"", "without \"ok\""));
  EXPECT_THAT(
      unmet(
          {.status = 404, .headers = {{"via", "1.1 core"}, {"via", "1.1 edge"}}, .body = "not ok"},
          expect),
      IsEmpty());
}

}  // namespace
}  // namespace squall::coordinator
