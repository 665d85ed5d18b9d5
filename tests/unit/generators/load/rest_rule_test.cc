#include "generators/load/rest_rule.h"

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

/// A rule that has seen a second of so many arrivals, evenly spread.
RestRule after_arrivals(int per_second) {
  RestRule rule;
  Instant now{1h};
  rule.look(now);
  for (int i = 0; i < per_second; ++i) {
    rule.released();
    now += Duration(1s) / per_second;
    rule.look(now);
  }
  return rule;
}

/// One that has seen so many requests end, each after `service`.
RestRule after_answers(Duration service) {
  RestRule rule;
  for (int i = 0; i < 1000; ++i) rule.ended(service);
  return rule;
}

TEST(RestRule, LetsNothingWaitBeforeAnythingHasHappened) {
  const RestRule rule;
  EXPECT_EQ(rule.for_arrivals(), 0ns);
  EXPECT_EQ(rule.for_answers(1000), 0ns);
}

TEST(RestRule, SendsEachOfTenThousandArrivalsASecondAtOnce) {
  EXPECT_EQ(after_arrivals(10'000).for_arrivals(), 0ns);
}

TEST(RestRule, GathersFiftyThousandArrivalsASecondFor200Microseconds) {
  EXPECT_EQ(after_arrivals(50'000).for_arrivals(), 200us);
}

TEST(RestRule, ForgetsARateThatIsOver) {
  RestRule rule = after_arrivals(50'000);
  rule.look(Instant{1h} + 1s + 20ms);
  EXPECT_EQ(rule.for_arrivals(), 0ns);
}

TEST(RestRule, LetsTheAnswersOfManyWaitForA64thOfTheirTime) {
  // The average comes as near as a 64th of a nanosecond's rounding allows.
  EXPECT_NEAR(static_cast<double>(after_answers(1600us).for_answers(32).count()), 25'000, 10);
}

TEST(RestRule, LetsTheAnswersOfFewNotWait) {
  EXPECT_EQ(after_answers(1600us).for_answers(31), 0ns);
}

TEST(RestRule, LetsQuickAnswersNotWait) { EXPECT_EQ(after_answers(600us).for_answers(320), 0ns); }

TEST(RestRule, LetsNoAnswerWaitForMoreThan50Microseconds) {
  EXPECT_EQ(after_answers(1s).for_answers(320), 50us);
}

}  // namespace
}  // namespace squall::generators
