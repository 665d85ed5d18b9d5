#include "generators/target/backend.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::ElementsAre;
using Kind = Reply::Kind;

/// A backend whose clock is pushed by hand, from an ordinary moment of the monotonic clock on.
struct Clocked {
  explicit Clocked(const std::string& json) : backend(*parse_behaviours(json), 1) {}

  Reply arrive(const std::string& path, std::int32_t stream = 1) {
    return backend.arrive(path, {7, stream}, now);
  }
  /// The streams that get a reply until `at`, when collected just as next_due() asks for it.
  std::vector<std::pair<std::int32_t, double>> replies_until(Duration at) {
    std::vector<std::pair<std::int32_t, double>> replies;
    while (const auto due = backend.next_due()) {
      if (*due > start + at) break;
      now = std::max(now, *due);
      std::vector<Completion> completions;
      backend.collect(now, completions);
      EXPECT_FALSE(completions.empty()) << "woken for nothing";
      for (const Completion& one : completions) {
        backend.count(one.reply, true);
        replies.emplace_back(one.ticket.stream, to_milliseconds(now - start));
      }
      if (completions.empty()) break;
    }
    now = start + at;
    return replies;
  }
  static std::uint64_t accounted(const RequestCounts& counts) {
    std::uint64_t all = counts.resets + counts.silenced + counts.abandoned + counts.in_service +
                        counts.queued + counts.held;
    for (const auto& [status, count] : counts.status) all += count;
    return all;
  }

  Instant start = Instant{} + 1h;
  Instant now = start;
  Backend backend;
};

constexpr const char* kTwoSlots =
    R"({"/": {"service": {"distribution": "constant", "ms": 10}, "limit": 2, "queue": 1}})";

TEST(Backend, AnswersAtOnceWhereNothingIsInTheWay) {
  Clocked target(R"({"/": {"status": 204, "body_bytes": 0}})");
  const Reply reply = target.arrive("/x");
  EXPECT_EQ(reply.kind, Kind::kAnswer);
  EXPECT_EQ(reply.status, 204);
  EXPECT_EQ(target.backend.next_due(), std::nullopt);
}

TEST(Backend, TheLongestPrefixWins) {
  Clocked target(R"({"/": {"status": 200}, "/a": {"status": 201}, "/a/b": {"status": 202}})");
  EXPECT_EQ(target.arrive("/").status, 200);
  EXPECT_EQ(target.arrive("/b").status, 200);
  EXPECT_EQ(target.arrive("/a?x=1").status, 201);
  EXPECT_EQ(target.arrive("/ab").status, 201);
  EXPECT_EQ(target.arrive("/a/b/c").status, 202);
  EXPECT_EQ(target.arrive("*").status, 200);  // OPTIONS *
}

TEST(Backend, QueuesAndRefusesAndLosesCountOfNone) {
  Clocked target(kTwoSlots);
  EXPECT_EQ(target.arrive("/", 1).kind, Kind::kLater);
  EXPECT_EQ(target.arrive("/", 3).kind, Kind::kLater);
  EXPECT_EQ(target.arrive("/", 5).kind, Kind::kLater);
  const Reply refused = target.arrive("/", 7);
  EXPECT_EQ(refused.kind, Kind::kAnswer);
  EXPECT_EQ(refused.status, 503);

  RequestCounts counts = target.backend.counts();
  EXPECT_EQ(counts.in_service, 2U);
  EXPECT_EQ(counts.queued, 1U);
  EXPECT_EQ(counts.refused, 1U);
  EXPECT_EQ(Clocked::accounted(counts), counts.requests);

  EXPECT_THAT(target.replies_until(1s),
              ElementsAre(std::pair(1, 10.0), std::pair(3, 10.0), std::pair(5, 20.0)));
  counts = target.backend.counts();
  EXPECT_THAT(counts.status, ElementsAre(std::pair(200, 3U), std::pair(503, 1U)));
  EXPECT_EQ(Clocked::accounted(counts), counts.requests);
}

TEST(Backend, AStallStopsTheClockOfAllWork) {
  Clocked target(kTwoSlots);
  target.arrive("/", 1);
  EXPECT_THAT(target.replies_until(4ms), ElementsAre());
  target.backend.stall(100ms, target.now);  // 6 ms of service are left.
  target.arrive("/", 3);
  EXPECT_THAT(target.replies_until(103ms), ElementsAre());
  EXPECT_THAT(target.replies_until(1s), ElementsAre(std::pair(1, 110.0), std::pair(3, 114.0)));
  target.arrive("/", 5);
  EXPECT_THAT(target.replies_until(2s), ElementsAre(std::pair(5, 1010.0)));
}

TEST(Backend, NothingLeavesDuringAStall) {
  Clocked target(
      R"({"/": {}, "/full": {"service": {"distribution": "constant", "ms": 1}, "limit": 1, "queue": 0}})");
  target.arrive("/full", 1);
  target.now += 2ms;  // Its service is over, but nobody has collected it yet.
  target.backend.stall(50ms, target.now);
  EXPECT_EQ(target.arrive("/", 3).kind, Kind::kLater);
  EXPECT_EQ(target.arrive("/full", 5).kind, Kind::kLater);
  EXPECT_EQ(target.arrive("/full", 7).kind, Kind::kLater);  // Refused, and even that waits.
  const RequestCounts counts = target.backend.counts();
  EXPECT_EQ(counts.held, 1U);
  EXPECT_EQ(Clocked::accounted(counts), counts.requests);
  EXPECT_EQ(target.backend.next_due(), target.start + 52ms);
  EXPECT_THAT(target.replies_until(1s), ElementsAre(std::pair(7, 52.0), std::pair(1, 52.0),
                                                    std::pair(3, 52.0), std::pair(5, 53.0)));
}

TEST(Backend, ASecondStallOnlyMakesTheFirstLonger) {
  Clocked target(R"({})");
  target.backend.stall(50ms, target.now);
  target.backend.stall(20ms, target.now);
  target.arrive("/", 1);
  target.now += 40ms;
  target.backend.stall(30ms, target.now);
  EXPECT_THAT(target.replies_until(1s), ElementsAre(std::pair(1, 70.0)));
  target.backend.stall(10ms, target.now);
  target.arrive("/", 3);
  EXPECT_THAT(target.replies_until(2s), ElementsAre(std::pair(3, 1010.0)));
}

TEST(Backend, DrawsFatesInTheirShares) {
  Clocked target(
      R"({"/": {"error_share": 0.1, "error_status": 500, "reset_share": 0.05, "silence_share": 0.02}})");
  constexpr int kRequests = 100'000;
  for (int n = 0; n < kRequests; ++n) target.arrive("/");
  const RequestCounts counts = target.backend.counts();
  // Five standard errors of a share p: 5·√(p(1−p)/n).
  EXPECT_NEAR(static_cast<double>(counts.errors) / kRequests, 0.1, 0.0048);
  EXPECT_EQ(counts.errors, counts.status.at(500));
  EXPECT_NEAR(static_cast<double>(counts.resets) / kRequests, 0.05, 0.0035);
  EXPECT_NEAR(static_cast<double>(counts.silenced) / kRequests, 0.02, 0.0022);
  EXPECT_EQ(Clocked::accounted(counts), counts.requests);
}

TEST(Backend, WhoGivesUpInLineMakesRoom) {
  Clocked target(kTwoSlots);
  target.arrive("/", 1);
  target.arrive("/", 3);
  const Reply waiting = target.arrive("/", 5);
  target.backend.withdraw(waiting.place);
  EXPECT_EQ(target.arrive("/", 7).kind, Kind::kLater);
  EXPECT_EQ(target.backend.counts().abandoned, 1U);
  EXPECT_THAT(target.replies_until(1s),
              ElementsAre(std::pair(1, 10.0), std::pair(3, 10.0), std::pair(7, 20.0)));
}

TEST(Backend, RequestsUnderWayOutliveTheirBehaviour) {
  Clocked target(R"({"/old": {"service": {"distribution": "constant", "ms": 10}, "limit": 1}})");
  const Reply first = target.arrive("/old", 1);
  target.arrive("/old", 3);
  const Reply third = target.arrive("/old", 5);
  target.backend.set_behaviours({}, target.now);
  EXPECT_EQ(target.arrive("/old", 7).kind, Kind::kAnswer);
  target.backend.withdraw(third.place);
  EXPECT_NE(first.place, third.place);
  EXPECT_THAT(target.replies_until(1s), ElementsAre(std::pair(1, 10.0), std::pair(3, 20.0)));
  const RequestCounts counts = target.backend.counts();
  EXPECT_EQ(Clocked::accounted(counts), counts.requests);
}

TEST(Backend, ALargerLimitServesThoseWhoWait) {
  Clocked target(kTwoSlots);
  for (const std::int32_t stream : {1, 3, 5}) target.arrive("/", stream);
  target.now += 2ms;
  BehaviourTable table = target.backend.behaviours();
  table["/"].limit = 3;
  target.backend.set_behaviours(table, target.now);
  EXPECT_THAT(target.replies_until(1s),
              ElementsAre(std::pair(1, 10.0), std::pair(3, 10.0), std::pair(5, 12.0)));
}

}  // namespace
}  // namespace squall::generators
