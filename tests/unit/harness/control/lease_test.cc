#include "harness/control/lease.h"

#include <gtest/gtest.h>

namespace squall::control {
namespace {

using namespace std::chrono_literals;

TEST(Lease, LapsesWhenItsLengthHasGoneByWithoutRenewal) {
  const Instant begin{};
  const Lease lease(5s, begin);
  EXPECT_FALSE(lease.has_lapsed(begin + 4999ms));
  EXPECT_TRUE(lease.has_lapsed(begin + 5s));
}

TEST(Lease, RunsItsWholeLengthFromEachRenewal) {
  const Instant begin{};
  Lease lease(5s, begin);
  lease.renew(begin + 4s);
  EXPECT_FALSE(lease.has_lapsed(begin + 8s));
  EXPECT_EQ(lease.lapses_at(), begin + 9s);
}

TEST(ClockOffset, TakesHalfTheRoundTripOff) {
  ClockOffset offset;
  offset.observe(100ms, 1'105ms, 110ms);  // 5 ms each way, and 1 s ahead.
  EXPECT_EQ(offset.offset(), 1s);
  EXPECT_EQ(offset.round_trip(), 10ms);
}

TEST(ClockOffset, BelievesTheShortestRoundTrip) {
  ClockOffset offset;
  offset.observe(0ms, 1'001ms, 2ms);
  offset.observe(100ms, 1'190ms, 200ms);  // 90 ms there, 10 ms back: wrong by 40 ms.
  EXPECT_EQ(offset.offset(), 1s);
}

TEST(ClockOffset, IgnoresAnAnswerFromBeforeTheQuestion) {
  ClockOffset offset;
  offset.observe(100ms, 1s, 99ms);
  EXPECT_FALSE(offset.is_known());
}

}  // namespace
}  // namespace squall::control
