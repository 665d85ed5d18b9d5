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
  explicit Clocked(const std::string& json) : backend(*parse_behaviours(json), 1, start) {}

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
      const bool has_moved = !completions.empty() || backend.next_due() != due;
      EXPECT_TRUE(has_moved) << "woken for nothing";
      for (const Completion& one : completions) {
        backend.count(one.reply, true);
        replies.emplace_back(one.ticket.stream, to_milliseconds(now - start));
      }
      if (!has_moved) break;
    }
    now = start + at;
    return replies;
  }
  /// So many have ended by `at`, in the eyes of one who did not look until then.
  std::size_t ended_by(Duration at) {
    now = start + at;
    std::vector<Completion> completions;
    backend.collect(now, completions);
    for (const Completion& one : completions) backend.count(one.reply, true);
    ended += completions.size();
    return ended;
  }
  static std::uint64_t accounted(const RequestCounts& counts) {
    std::uint64_t all = counts.resets + counts.silenced + counts.abandoned + counts.in_service +
                        counts.queued + counts.held;
    for (const auto& [status, count] : counts.status) all += count;
    return all;
  }

  Instant start = Instant{} + 1h;
  Instant now = start;
  std::size_t ended = 0;
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

TEST(Backend, ThrashingMakesAServiceLongerForEachThatWaitsBeyondItsLine) {
  Clocked target(
      R"({"/": {"service": {"distribution": "constant", "ms": 10}, "limit": 1, "queue": 9,
                "thrash": {"share": 0.5, "beyond": 2}}})");
  for (const std::int32_t stream : {1, 3, 5, 7, 9}) target.arrive("/", stream);
  // The first starts with nobody behind it; the second, at 10, with three, so one too many: 15 ms;
  // the third, at 25, with two, and all later ones with fewer.
  EXPECT_THAT(target.replies_until(1s),
              ElementsAre(std::pair(1, 10.0), std::pair(3, 25.0), std::pair(5, 35.0),
                          std::pair(7, 45.0), std::pair(9, 55.0)));
}

TEST(Backend, CollapsesBeyondItsCapacityWhereItThrashes) {
  // Offered 1,000/s, where 8 slots of 10 ms manage 800/s: the line grows until it is full, at 300.
  // From then on a service starts with 292 (when all 8 slots fall free together) to 299 waiting, so
  // 242 to 249 too many: it takes 10 ms · (1 + 3 % · 242 … 249) = 82.6 to 84.7 ms, and 8 slots
  // manage 94.5 to 96.9 a second. Without the thrashing it stays at 800.
  const std::string queue =
      R"("service": {"distribution": "constant", "ms": 10}, "limit": 8, "queue": 300)";
  Clocked calm("{\"/\": {" + queue + "}}");
  Clocked thrashing("{\"/\": {" + queue + R"(, "thrash": {"share": 0.03, "beyond": 50}}})");
  std::size_t before = 0;
  for (int ms = 0; ms <= 30'000; ++ms) {
    for (Clocked* target : {&calm, &thrashing}) {
      target->ended_by(std::chrono::milliseconds(ms));
      target->arrive("/");
    }
    if (ms == 10'000) before = thrashing.ended;
  }
  EXPECT_NEAR(static_cast<double>(calm.ended) / 30, 800, 1);
  const double managed = static_cast<double>(thrashing.ended - before) / 20;
  EXPECT_GE(managed, 94.4 - 0.4);  // 8 in 20 s may fall on either side of the ends.
  EXPECT_LE(managed, 96.9 + 0.4);
}

constexpr const char* kChanging =
    R"({"/": {"service": {"distribution": "constant", "ms": 10}, "limit": 1, "queue": 9999,
              "changes": [{"from_s": 0.5, "limit": 3},
                          {"from_s": 1, "service": {"distribution": "constant", "ms": 20}}]}})";

TEST(Backend, ChangesItsCapacityAtTheVeryTimesThatWereSaid) {
  // 100/s until 0.5 s; 300/s until 1 s; then 150/s. Whoever looks late finds the same.
  Clocked target(kChanging);
  for (int n = 0; n < 1000; ++n) target.arrive("/");
  EXPECT_EQ(target.ended_by(490ms), 49U);
  EXPECT_EQ(target.ended_by(750ms), 50U + 75U);
  EXPECT_EQ(target.ended_by(3s), 50U + 150U + 300U);
  Clocked late(kChanging);
  for (int n = 0; n < 1000; ++n) late.arrive("/");
  EXPECT_EQ(late.ended_by(3s), 50U + 150U + 300U);
}

TEST(Backend, WakesForAChangeThatMakesRoomForThoseWhoWait) {
  Clocked target(
      R"({"/": {"service": {"distribution": "constant", "ms": 10}, "limit": 1,
                "changes": [{"from_s": 0.015, "limit": 2}, {"from_s": 5, "limit": 1}]}})");
  for (const std::int32_t stream : {1, 3, 5}) target.arrive("/", stream);
  // The second starts at 10; the third when there is room for two, at 15.
  EXPECT_THAT(target.replies_until(1s),
              ElementsAre(std::pair(1, 10.0), std::pair(3, 20.0), std::pair(5, 25.0)));
  EXPECT_EQ(target.backend.next_due(), std::nullopt);  // Nobody waits for what changes at 5 s.
}

TEST(Backend, AStallStopsTheClockOfItsChanges) {
  Clocked target(kChanging);
  target.backend.stall(1s, target.now);
  for (int n = 0; n < 1000; ++n) target.arrive("/");
  EXPECT_EQ(target.ended_by(1750ms), 50U + 75U);
}

TEST(Backend, NewBehavioursFindTheTimeAsItIs) {
  Clocked target(kChanging);
  target.ended_by(700ms);
  const BehaviourTable table = target.backend.behaviours();
  EXPECT_EQ(table.at("/").limit, 1U);  // What was said, not what has become of it.
  target.backend.set_behaviours(table, target.now);
  for (int n = 0; n < 1000; ++n) target.arrive("/");
  EXPECT_EQ(target.ended_by(1000ms), 90U);  // 300/s as before, for 0.3 s.
}

}  // namespace
}  // namespace squall::generators
