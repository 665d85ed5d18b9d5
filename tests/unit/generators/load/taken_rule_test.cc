#include "generators/load/taken_rule.h"

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

TEST(TakenRule, AtFirstAServerTakesAnyNumber) {
  const TakenRule rule;
  EXPECT_FALSE(rule.is_used_up(1'000'000'000));
  EXPECT_FALSE(rule.is_less_than(1'000'000'000));
}

TEST(TakenRule, AServerThatLeavesRequestsUnprocessedTakesSoManyAsItTook) {
  TakenRule rule;
  EXPECT_TRUE(rule.left(10, 12, 10));
  EXPECT_FALSE(rule.is_used_up(9));
  EXPECT_TRUE(rule.is_used_up(10));
  EXPECT_TRUE(rule.is_less_than(11));
  EXPECT_FALSE(rule.is_less_than(10));
}

TEST(TakenRule, AServerThatLeavesWithNothingOrAllTakenSaysNothing) {
  TakenRule rule;
  EXPECT_FALSE(rule.left(0, 5, 0));
  EXPECT_FALSE(rule.left(5, 5, 0));
  EXPECT_FALSE(rule.is_used_up(1'000'000));
}

TEST(TakenRule, TheNumberIsNotTakenWhereAnotherConnectionHasGotFurther) {
  TakenRule rule;
  EXPECT_FALSE(rule.left(10, 12, 11));
  EXPECT_FALSE(rule.is_used_up(12));
}

TEST(TakenRule, OneAnswerMoreDisprovesTheNumber) {
  TakenRule rule;
  rule.left(10, 12, 0);
  EXPECT_FALSE(rule.answered(10));
  EXPECT_TRUE(rule.is_used_up(10));
  EXPECT_TRUE(rule.answered(11));
  EXPECT_FALSE(rule.is_used_up(11));
  EXPECT_FALSE(rule.answered(12)) << "there is nothing left to be disproved";
}

}  // namespace
}  // namespace squall::generators
