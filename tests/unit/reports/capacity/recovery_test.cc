#include "reports/capacity/recovery.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;

/// A second of 100 requests that took so long; of which so many have ended.
CapacitySecond second(Duration mean, int ended = 100) {
  CapacitySecond made;
  for (int i = 0; i < ended; ++i) made.response.record(mean);
  made.goals.push_back({100, static_cast<double>(100 - ended)});
  return made;
}

TEST(Recovery, IsOverWhenTwoSecondsInARowWereCalm) {
  Recovery recovery(0.010, Rate{400});
  recovery.take(second(12ms));
  recovery.take(second(500ms));
  recovery.take(second(12ms));
  EXPECT_FALSE(recovery.is_over());
  recovery.take(second(15ms));
  EXPECT_TRUE(recovery.is_over());
  EXPECT_TRUE(recovery.has_recovered());
  EXPECT_EQ(recovery.seconds(), 4);
}

TEST(Recovery, IsNotTakenInByTheFewFastAnswersOfAQueueInWhichTheRestStillWaits) {
  Recovery recovery(0.010, Rate{400});
  for (int i = 0; i < 3; ++i) recovery.take(second(5ms, 50));
  EXPECT_FALSE(recovery.is_over());
}

TEST(Recovery, OffersHalfOfItAfterEachFourSecondsThatWereNotCalm) {
  Recovery recovery(0.010, Rate{400});
  for (int i = 0; i < 3; ++i) recovery.take(second(500ms));
  EXPECT_EQ(recovery.rate(), Rate{400});
  recovery.take(second(500ms));
  EXPECT_EQ(recovery.rate(), Rate{200});
  for (int i = 0; i < 4; ++i) recovery.take(second(500ms));
  EXPECT_EQ(recovery.rate(), Rate{100});
}

TEST(Recovery, GivesUpAfterAMinute) {
  Recovery recovery(0.010, Rate{400});
  for (int i = 0; i < 59; ++i) recovery.take(second(500ms));
  EXPECT_FALSE(recovery.is_over());
  recovery.take(second(500ms));
  EXPECT_TRUE(recovery.is_over());
  EXPECT_FALSE(recovery.has_recovered());
}

TEST(Recovery, GivesUpAfterTenSecondsWhereNothingHasEverBeenAnswered) {
  Recovery recovery({}, Rate{400}, false);
  for (int i = 0; i < 9; ++i) recovery.take(second(1ms, 0));
  EXPECT_FALSE(recovery.is_over());
  recovery.take(second(1ms, 0));
  EXPECT_TRUE(recovery.is_over());
}

TEST(Recovery, OnlyWantsLatencyToRiseNoFurtherWhereNothingIsKnownOfTheCalm) {
  Recovery recovery({}, Rate{400});
  for (int i = 0; i < 3; ++i) recovery.take(second(80ms));
  EXPECT_TRUE(recovery.has_recovered());
}

}  // namespace
}  // namespace squall::reports
