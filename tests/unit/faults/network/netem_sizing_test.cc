#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/network/network_plan.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

TEST(NetemLimit, HoldsWhatTheRateSendsWhileItIsDelayed) {
  // 1 Gbit/s in packets of 256 bytes are 488,281 packets/s; a quarter is spare.
  EXPECT_EQ(netem_limit(100ms, 0ms, {}), 61'036U);
  EXPECT_EQ(netem_limit(100ms, 25ms, {}), 122'071U);
  EXPECT_EQ(netem_limit(1ms, 0ms, {}), 1000U);
  EXPECT_EQ(netem_limit(100ms, 0ms, 100e6), 12'208U);
  EXPECT_EQ(netem_limit(1h, 0ms, {}), 4'000'000U);
}

/// Mean and standard deviation of a table, in jitters.
std::pair<double, double> moments(const std::string& table) {
  double sum = 0;
  double squares = 0;
  const std::size_t entries = table.size() / 2;
  for (std::size_t i = 0; i < entries; ++i) {
    std::int16_t value = 0;
    std::memcpy(&value, &table[2 * i], sizeof value);
    sum += value / 8192.0;
    squares += value / 8192.0 * value / 8192.0;
  }
  const double mean = sum / static_cast<double>(entries);
  return {mean, std::sqrt(squares / static_cast<double>(entries) - mean * mean)};
}

TEST(DistributionTable, HasNoMeanAndTheJitterAsItsDeviation) {
  using Distribution = Impairment::Distribution;
  EXPECT_THAT(distribution_table(Distribution::kUniform), IsEmpty());
  const auto [normal_mean, normal_deviation] = moments(distribution_table(Distribution::kNormal));
  EXPECT_NEAR(normal_mean, 0, 0.001);
  EXPECT_NEAR(normal_deviation, 1, 0.002);
  // Its tail goes on for ever, but netem's tables end at 4.
  const auto [pareto_mean, pareto_deviation] = moments(distribution_table(Distribution::kPareto));
  EXPECT_NEAR(pareto_mean, 0, 0.001);
  EXPECT_NEAR(pareto_deviation, 0.75, 0.05);
}

}  // namespace
}  // namespace squall::faults
