#include "harness/control/clock_offset.h"

#include <gtest/gtest.h>

namespace squall::control {
namespace {

using namespace std::chrono_literals;

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

TEST(ClockOffset, IsRightToHalfTheRoundTrip) {
  // However the round trip of 20 ms is divided, the true offset of 1 s is within the error.
  for (const auto there : {0ms, 5ms, 10ms, 20ms}) {
    ClockOffset offset;
    offset.observe(100ms, 1'100ms + there, 120ms);
    EXPECT_EQ(offset.error(), 10ms);
    EXPECT_LE(offset.offset() - 1s, offset.error());
    EXPECT_GE(offset.offset() - 1s, -offset.error());
  }
}

TEST(ClockOffset, LetsGoOfWhatIsLongAgo) {
  ClockOffset offset;
  offset.observe(0ms, 1'001ms, 2ms);
  for (std::size_t i = 0; i < ClockOffset::kRecent; ++i) offset.observe(100ms, 1'155ms, 110ms);
  EXPECT_EQ(offset.offset(), 1'050ms);  // It has drifted.
}

}  // namespace
}  // namespace squall::control
