#include "generators/schedule/random.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

TEST(Random, GivesTheSameSequenceOnEveryMachine) {
  Random random(7);
  const std::uint64_t first = random.next();
  const std::uint64_t second = random.next();
  Random again(7);
  EXPECT_EQ(again.next(), first);
  EXPECT_EQ(again.next(), second);
  EXPECT_NE(Random(8).next(), first);
  // SplitMix64's published first output for seed 0.
  EXPECT_EQ(scramble(0), 0xe220a8397b1dcdafU);
}

TEST(Random, UnitIsInItsIntervalAndFillsIt) {
  Random random(1);
  double least = 1;
  double most = 0;
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double drawn = random.unit();
    least = std::min(least, drawn);
    most = std::max(most, drawn);
    sum += drawn;
  }
  EXPECT_GE(least, 0);
  EXPECT_LT(most, 1);
  EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
}

TEST(Random, ExponentialHasMeanAndVarianceOne) {
  Random random(2);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double drawn = random.exponential();
    ASSERT_GE(drawn, 0);
    sum += drawn;
    squares += drawn * drawn;
  }
  EXPECT_NEAR(sum / kDraws, 1, 0.01);
  EXPECT_NEAR(squares / kDraws - 1, 1, 0.03);
}

TEST(Random, BelowIsEvenAndStaysBelow) {
  Random random(3);
  std::array<int, 6> seen{};
  for (int i = 0; i < 60'000; ++i) ++seen.at(random.below(6));
  for (const int count : seen) EXPECT_NEAR(count, 10'000, 400);
  EXPECT_EQ(random.below(1), 0U);
  EXPECT_GT(random.below(0) | random.below(0), std::numeric_limits<std::uint32_t>::max());
}

TEST(Random, PurposesHaveSeedsOfTheirOwn) {
  EXPECT_NE(derive_seed(1, "mix"), derive_seed(1, "think"));
  EXPECT_NE(derive_seed(1, "mix"), derive_seed(2, "mix"));
  EXPECT_NE(random_at(1, 2), random_at(2, 1));
}

}  // namespace
}  // namespace squall::generators
