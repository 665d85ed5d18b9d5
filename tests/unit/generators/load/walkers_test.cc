#include "generators/load/walkers.h"

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

TEST(Walkers, ThoseWhoAreStayWhenMoreUsersCome) {
  Walkers walkers;
  walkers.add_users(2);
  walkers[0].step = 1;
  walkers[1].step = 2;
  walkers.add_users(1);
  walkers[2].step = 3;
  EXPECT_EQ(walkers[0].step, 1U);
  EXPECT_EQ(walkers[1].step, 2U);
  EXPECT_EQ(walkers[2].step, 3U);
}

TEST(Walkers, ThePlaceOfOneWhoLeftIsUsedAgainWithoutTheirCookies) {
  Walkers walkers;
  const std::uint32_t one = walkers.add();
  const std::uint32_t two = walkers.add();
  EXPECT_NE(one, two);
  walkers[one].cookies.set("a=1", "edge", "/", false, {});
  walkers.remove(one);
  EXPECT_EQ(walkers.add(), one);
  EXPECT_EQ(walkers[one].cookies.size(), 0U);
}

TEST(Walkers, AWalkBeginsWithNothingTakenAndItsUsersCookies) {
  Walker walker;
  walker.begin(1, 0, 2);
  walker.taken[1] = "old";
  walker.step = 2;
  walker.cookies.set("a=1", "edge", "/", false, {});
  walker.begin(7, 3, 2);
  EXPECT_EQ(walker.walk, 7U);
  EXPECT_EQ(walker.row, 3U);
  EXPECT_EQ(walker.step, 0U);
  EXPECT_EQ(walker.taken[1], "");
  EXPECT_EQ(walker.cookies.size(), 1U);
}

}  // namespace
}  // namespace squall::generators
