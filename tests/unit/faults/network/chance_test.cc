#include "faults/network/chance.h"

#include <cmath>
#include <cstdint>

#include <gtest/gtest.h>

namespace squall::faults {
namespace {

TEST(Chance, IsThatOfTheBinomialDistribution) {
  EXPECT_NEAR(chance_of_at_most(0, 200, 0.02), std::pow(0.98, 200), 1e-12);
  EXPECT_NEAR(chance_of_at_least(1, 200, 0.02), 1 - std::pow(0.98, 200), 1e-12);
  EXPECT_NEAR(chance_of_at_most(1, 3, 0.5), 0.5, 1e-12);
  EXPECT_NEAR(chance_of_at_least(2, 3, 0.25), 10.0 / 64, 1e-12);
  for (std::uint64_t hits = 1; hits <= 50; ++hits) {
    EXPECT_NEAR(chance_of_at_most(hits - 1, 50, 0.3) + chance_of_at_least(hits, 50, 0.3), 1, 1e-12);
  }
}

TEST(Chance, IsToldForManyTrialsToo) {
  EXPECT_NEAR(chance_of_at_most(500'000, 1'000'000, 0.02), 1, 1e-9);
  EXPECT_NEAR(chance_of_at_least(3, 1'000'000'000, 0.02), 1, 1e-9);
  EXPECT_NEAR(chance_of_at_most(1'000'000, 50'000'000, 0.02), 0.5, 0.01);
  EXPECT_EQ(chance_of_at_most(3, 1'000'000'000, 0.02), 0);
  // Five deviations of 1400 from a mean of 100,000,000 × 0.02.
  EXPECT_NEAR(std::log10(chance_of_at_least(2'007'000, 100'000'000, 0.02)), -6.54, 0.05);
}

TEST(Chance, OfWhatIsCertainIsOneOrNone) {
  EXPECT_EQ(chance_of_at_most(0, 10, 0), 1);
  EXPECT_EQ(chance_of_at_least(1, 10, 0), 0);
  EXPECT_EQ(chance_of_at_most(9, 10, 1), 0);
  EXPECT_EQ(chance_of_at_least(10, 10, 1), 1);
  EXPECT_EQ(chance_of_at_most(0, 0, 0.5), 1);
}

TEST(Chance, OfAChainWithoutMemoryIsTheBinomialOne) {
  const GilbertElliott chain{.to_bad = {0.2}, .to_good = {0.8}};
  // Its first packet is one of a state that is known: the likeliest is told.
  EXPECT_NEAR(chance_of_at_most(0, 100, chain), std::pow(0.8, 99), 1e-12);
  EXPECT_NEAR(chance_of_at_least(100, 100, chain), std::pow(0.2, 99), 1e-30);
}

TEST(Chance, OfBurstsIsLargerThanThatOfSingleLosses) {
  const GilbertElliott chain{.to_bad = {1.0 / 90}, .to_good = {0.1}};  // A tenth, ten at a time.
  EXPECT_NEAR(chance_of_at_most(0, 200, chain), std::pow(1 - 1.0 / 90, 199), 1e-12);
  EXPECT_GT(chance_of_at_least(60, 200, chain), 1e4 * chance_of_at_least(60, 200, 0.1));
  EXPECT_LT(chance_of_at_least(180, 200, chain), 1e-6);
}

TEST(Chance, OfALongRunOfBurstsIsBoundedFromAbove) {
  const GilbertElliott chain{.to_bad = {1.0 / 90}, .to_good = {0.1}};
  for (const std::uint64_t hits : {100, 150, 200, 250, 300}) {
    // Of one packet more, so that it is not followed packet by packet.
    EXPECT_GE(chance_of_at_least(hits + 1, 1001, chain) * 1.05,
              chance_of_at_least(hits + 1, 1000, chain))
        << hits;
  }
  EXPECT_GT(chance_of_at_most(9'000, 100'000, chain), 1e-8);
  EXPECT_LT(chance_of_at_most(5'000, 100'000, chain), 1e-8);
  EXPECT_LT(chance_of_at_least(15'000, 100'000, chain), 1e-8);
}

}  // namespace
}  // namespace squall::faults
