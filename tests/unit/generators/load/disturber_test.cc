#include "generators/load/disturber.h"

#include <chrono>
#include <cstddef>
#include <optional>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

constexpr Instant kBegin{1h};

/// How many rounds there are, where each comes so late.
std::size_t rounds_of(Duration every, Duration lasts, Duration late = {}) {
  std::size_t count = 0;
  std::optional<Instant> due = kBegin;
  while (due) {
    ++count;
    due = Disturber::next_round(*due, every, *due + late, kBegin + lasts);
  }
  return count;
}

TEST(Disturber, HasNoRoundAtTheEnd) {
  EXPECT_EQ(rounds_of(1s, 2s), 2U);
  EXPECT_EQ(rounds_of(1s, 2s + 1ns), 3U);
  EXPECT_EQ(rounds_of(1s, 2s - 1ns), 2U);
  EXPECT_EQ(rounds_of(1s, 1s), 1U);
  EXPECT_EQ(rounds_of(1s, 1ms), 1U);
  EXPECT_EQ(rounds_of(10ms, 10s), 1000U);
}

TEST(Disturber, LosesNoRoundWhereEachIsABitLate) { EXPECT_EQ(rounds_of(10ms, 10s, 9ms), 1000U); }

TEST(Disturber, DoesNotCatchUpWithRoundsThatAreOver) {
  const Instant end = kBegin + 10s;
  EXPECT_EQ(Disturber::next_round(kBegin, 1s, kBegin + 3500ms, end), kBegin + 4s);
  EXPECT_EQ(Disturber::next_round(kBegin, 1s, kBegin + 9500ms, end), std::nullopt);
  EXPECT_EQ(Disturber::next_round(kBegin, 1s, kBegin + 1h, end), std::nullopt);
}

TEST(Disturber, GoesOnWhereNoEndIsKnown) {
  EXPECT_EQ(Disturber::next_round(kBegin, 1s, kBegin, Instant::max()), kBegin + 1s);
}

/// How often something was done to all connections, when nobody says that it is over.
std::size_t times_left_alone(const Disturbance& what) {
  asio::io_context loop(1);
  Disturber disturber(loop);
  std::size_t times = 0;
  disturber.begin(what, 1, [&](const Disturber::Act&) { ++times; });
  loop.run();  // Until nothing is to come.
  return times;
}

TEST(Disturber, StopsByItselfBeforeTheEndThatItWasTold) {
  Disturbance what;
  what.lasts = 4ms;
  EXPECT_EQ(times_left_alone(what), 1U);
  what.rebind_every = 2ms;
  EXPECT_EQ(times_left_alone(what), 3U) << "they meet with the trouble, and get two new ports";
  what.update_keys_every = 4ms;
  EXPECT_EQ(times_left_alone(what), 4U);
  what.migrate_every = 2ms;
  what.migrate_to = {"127.0.0.2"};
  EXPECT_EQ(times_left_alone(what), 6U);
}

}  // namespace
}  // namespace squall::generators
