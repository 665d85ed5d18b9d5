#include "harness/base/dice.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace squall {
namespace {

// The figures are those of the reference implementation (Vigna, splitmix64.c).
TEST(Dice, GivesTheSequenceOfSplitMix64) {
  Dice dice(1234567);
  EXPECT_EQ(dice.next(), 6457827717110365317U);
  EXPECT_EQ(dice.next(), 3203168211198807973U);
  EXPECT_EQ(dice.next(), 9817491932198370423U);
}

TEST(Dice, FallsAsOftenAsItIsAskedTo) {
  Dice dice(7);
  int fallen = 0;
  for (int i = 0; i < 10'000; ++i) fallen += dice.falls(0.3) ? 1 : 0;
  EXPECT_NEAR(fallen, 3000, 150);
}

TEST(Dice, TakesNoNumberForWhatIsSure) {
  Dice dice(7);
  EXPECT_FALSE(dice.falls(0));
  EXPECT_TRUE(dice.falls(1));
  EXPECT_EQ(dice.next(), Dice(7).next());
}

TEST(Dice, StaysBelowItsBound) {
  Dice dice(7);
  std::uint64_t seen = 0;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t drawn = dice.below(3);
    ASSERT_LT(drawn, 3U);
    seen |= std::uint64_t{1} << drawn;
  }
  EXPECT_EQ(seen, 7U);
}

}  // namespace
}  // namespace squall
