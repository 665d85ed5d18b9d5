#include "generators/request/request_mix.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

TEST(RequestMix, ChoosesByWeight) {
  const RequestMix mix({9, 0, 1}, 7);
  std::array<int, 3> chosen{};
  for (std::uint64_t number = 0; number < 100'000; ++number) ++chosen.at(mix.pick(number));
  EXPECT_NEAR(chosen[0], 90'000, 600);
  EXPECT_EQ(chosen[1], 0);
  EXPECT_NEAR(chosen[2], 10'000, 600);
}

TEST(RequestMix, DependsOnSeedAndNumberAlone) {
  const RequestMix mix({1, 1}, 7);
  const RequestMix same({1, 1}, 7);
  const RequestMix other({1, 1}, 8);
  int different = 0;
  for (std::uint64_t number = 1000; number-- > 0;) {
    EXPECT_EQ(mix.pick(number), same.pick(number));
    different += mix.pick(number) != other.pick(number) ? 1 : 0;
  }
  EXPECT_NEAR(different, 500, 80);
}

TEST(RequestMix, TreatsAllAlikeWhenNoWeightCounts) {
  const RequestMix mix({0, -1, std::nan("")}, 7);
  std::array<int, 3> chosen{};
  for (std::uint64_t number = 0; number < 3000; ++number) ++chosen.at(mix.pick(number));
  for (const int count : chosen) EXPECT_NEAR(count, 1000, 150);
}

TEST(RequestMix, OneRequestIsAlwaysChosen) { EXPECT_EQ(RequestMix({0.5}, 1).pick(99), 0U); }

}  // namespace
}  // namespace squall::generators
