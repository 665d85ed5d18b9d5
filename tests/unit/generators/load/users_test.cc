#include "generators/load/users.h"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
const Instant kNow = Instant{} + 1h;

TEST(ThinkingUsers, AreDoneInOrder) {
  ThinkingUsers users({}, 7);
  users.wake(1, kNow + 3s);
  users.wake(2, kNow + 1s);
  users.wake(3, kNow + 2s);
  std::vector<std::uint32_t> order;
  while (!users.empty()) order.push_back(users.pop());
  EXPECT_EQ(order, (std::vector<std::uint32_t>{2, 3, 1}));
}

double mean_think(ThinkSpec::Distribution distribution, Duration& most) {
  ThinkingUsers users({200ms, distribution}, 7);
  double sum = 0;
  constexpr int kTimes = 20'000;
  most = {};
  for (int i = 0; i < kTimes; ++i) {
    users.think(0, kNow);
    most = std::max(most, Duration(users.next() - kNow));
    sum += to_milliseconds(users.next() - kNow);
    users.pop();
  }
  return sum / kTimes;
}

TEST(ThinkingUsers, ThinkAsLongAsTheirDistributionSays) {
  Duration most{};
  EXPECT_DOUBLE_EQ(mean_think(ThinkSpec::Distribution::kConstant, most), 200);
  EXPECT_EQ(most, 200ms);
  EXPECT_NEAR(mean_think(ThinkSpec::Distribution::kUniform, most), 200, 3);
  EXPECT_LE(most, 400ms);
  EXPECT_NEAR(mean_think(ThinkSpec::Distribution::kExponential, most), 200, 6);
  EXPECT_GT(most, 1s);
  EXPECT_NEAR(mean_think(ThinkSpec::Distribution::kNormal, most), 200, 2);
  EXPECT_LT(most, 200ms + 6 * 50ms);
  EXPECT_NEAR(mean_think(ThinkSpec::Distribution::kPareto, most), 200, 30);
  EXPECT_GT(most, 5s);
}

/// The share of thoughts that take longer than this.
double share_above(ThinkSpec::Distribution distribution, Duration limit) {
  ThinkingUsers users({200ms, distribution}, 7);
  int above = 0;
  constexpr int kTimes = 20'000;
  for (int i = 0; i < kTimes; ++i) {
    users.think(0, kNow);
    EXPECT_GE(users.next(), kNow);
    if (users.next() > kNow + limit) ++above;
    users.pop();
  }
  return static_cast<double>(above) / kTimes;
}

TEST(ThinkingUsers, SpreadAsTheLanguageSays) {
  EXPECT_NEAR(share_above(ThinkSpec::Distribution::kLognormal, 200ms), 0.5, 0.01);
  EXPECT_NEAR(share_above(ThinkSpec::Distribution::kLognormal, 600ms), 0.05, 0.006);
  EXPECT_NEAR(share_above(ThinkSpec::Distribution::kNormal, 250ms), 0.1587, 0.01);
  // (least / limit) ^ 1.5, with a least of a third of the mean.
  EXPECT_NEAR(share_above(ThinkSpec::Distribution::kPareto, 200ms), 0.19245, 0.01);
  EXPECT_DOUBLE_EQ(share_above(ThinkSpec::Distribution::kPareto, 66ms), 1.0);
}

}  // namespace
}  // namespace squall::generators
