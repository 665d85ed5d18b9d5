#include "harness/coordinator/merge_watch.h"

#include <gtest/gtest.h>

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;

TEST(MergeWatch, CountsASecondFromItsEndToTheLastOfItsAgents) {
  MergeWatch watch;
  watch.take("a", 0, 1100ms);
  watch.take("b", 0, 1400ms);
  watch.take("b", 1, 2100ms);
  watch.take("a", 1, 2200ms);
  const auto lateness = watch.lateness(2);
  ASSERT_TRUE(lateness);
  EXPECT_EQ(lateness->seconds, 2U);
  EXPECT_NEAR(to_milliseconds(lateness->p50), 200, 1);
  EXPECT_NEAR(to_milliseconds(lateness->max), 400, 1);
}

TEST(MergeWatch, LeavesOutSecondsOfWhichNotAllHaveTold) {
  MergeWatch watch;
  watch.take("a", 0, 1100ms);
  EXPECT_FALSE(watch.lateness(2));
  watch.take("b", 0, 3100ms);
  watch.take("a", 1, 2100ms);
  const auto lateness = watch.lateness(2);
  ASSERT_TRUE(lateness);
  EXPECT_EQ(lateness->seconds, 1U);
  EXPECT_NEAR(to_milliseconds(lateness->max), 2100, 3);
}

TEST(MergeWatch, CountsAnAgentOnceForEachSecond) {
  MergeWatch watch;
  watch.take("a", 0, 1100ms);
  watch.take("a", 0, 1800ms);  // What ended late, after the load.
  EXPECT_FALSE(watch.lateness(2));
  EXPECT_NEAR(to_milliseconds(watch.lateness(1)->max), 100, 1);
}

}  // namespace
}  // namespace squall::coordinator
