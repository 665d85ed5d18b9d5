#include "generators/schedule/open_schedule.h"

#include <chrono>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;

OpenSchedule schedule_of(const std::vector<Stage>& stages) {
  auto made = OpenSchedule::make(stages);
  EXPECT_TRUE(ok(made));
  return *std::move(made);
}

Stage steady(double rate, Duration length) { return {Rate{rate}, Rate{rate}, length}; }
Stage ramp(double from, double to, Duration length) { return {Rate{from}, Rate{to}, length}; }

TEST(OpenSchedule, ConstantRateIsKOverR) {
  const OpenSchedule schedule = schedule_of({steady(1000, 10s)});
  EXPECT_EQ(schedule.count(), 10'000U);
  EXPECT_EQ(schedule.due(0), 0s);
  EXPECT_EQ(schedule.due(1), 1ms);
  EXPECT_EQ(schedule.due(9'999), 9'999ms);
}

TEST(OpenSchedule, DoesNotDriftInADayWhenTheRateDividesNoSecond) {
  const OpenSchedule schedule = schedule_of({steady(70'001.3, 24h)});
  const std::uint64_t last = schedule.count() - 1;
  const long double exact = static_cast<long double>(last) / 70'001.3L * 1e9L;
  EXPECT_NEAR(static_cast<double>(schedule.due(static_cast<long double>(last)).count() - exact), 0,
              2);
  EXPECT_LT(schedule.due(static_cast<long double>(last)), 24h);
}

TEST(OpenSchedule, RampFollowsTheFormula) {
  const OpenSchedule up = schedule_of({ramp(100, 500, 4s)});
  EXPECT_EQ(up.count(), 1200U);
  const double slope = 100;
  for (const double k : {0., 1., 50., 600., 1199.}) {
    const double t = (-100 + std::sqrt(100. * 100 + 2 * slope * k)) / slope;
    EXPECT_NEAR(to_seconds(up.due(k)), t, 1e-8) << k;
  }
}

TEST(OpenSchedule, RampDownEndsWhereTheRateDoes) {
  const OpenSchedule down = schedule_of({ramp(1000, 0, 2s)});
  EXPECT_EQ(down.count(), 1000U);
  EXPECT_EQ(down.due(0), 0s);
  EXPECT_NEAR(to_seconds(down.due(750)), 1.0, 1e-9);
  EXPECT_LE(down.due(999), 2s);
}

TEST(OpenSchedule, RampFromNothingBeginsAtItsStart) {
  const OpenSchedule up = schedule_of({ramp(0, 100, 10s)});
  EXPECT_EQ(up.count(), 500U);
  EXPECT_EQ(up.due(0), 0s);
  EXPECT_NEAR(to_seconds(up.due(125)), 5.0, 1e-9);
}

TEST(OpenSchedule, NothingIsDueInAStageOfRateZero) {
  const OpenSchedule schedule = schedule_of({steady(10, 1s), steady(0, 5s), steady(10, 1s)});
  EXPECT_EQ(schedule.count(), 20U);
  EXPECT_EQ(schedule.due(9), 900ms);
  EXPECT_EQ(schedule.due(10), 6s);
  EXPECT_EQ(schedule.due(19), 6900ms);
  EXPECT_EQ(schedule.length(), 7s);
}

TEST(OpenSchedule, CountsExactlyWhatDecimalFractionsMean) {
  EXPECT_EQ(schedule_of({steady(30, 100ms)}).count(), 3U);  // 3.0000000000000004
  EXPECT_EQ(schedule_of({steady(0.1, 30s)}).count(), 3U);
  EXPECT_EQ(schedule_of({steady(1.0 / 60, 1min)}).count(), 1U);
  EXPECT_EQ(schedule_of({steady(3, 500ms)}).count(), 2U);  // at 0 and 333 ms
  EXPECT_EQ(schedule_of({steady(0, 10s)}).count(), 0U);
}

TEST(OpenSchedule, IsMonotoneAndItsOwnInverse) {
  const OpenSchedule schedule =
      schedule_of({ramp(0, 700, 3s), steady(700, 2s), ramp(700, 13, 5s), steady(0, 1s),
                   ramp(13, 14, 100ms), steady(999.9, 1s)});
  Duration before = -1ns;
  for (std::uint64_t k = 0; k < schedule.count(); ++k) {
    const Duration due = schedule.due(static_cast<long double>(k));
    ASSERT_GE(due, before) << k;
    ASSERT_NEAR(schedule.expected_before(due), static_cast<double>(k), 2e-6 * 1000) << k;
    before = due;
  }
  EXPECT_LE(before, schedule.length());
  EXPECT_DOUBLE_EQ(schedule.expected_before(schedule.length()), schedule.expected());
  EXPECT_EQ(schedule.expected_before(0s), 0);
}

TEST(OpenSchedule, RefusesWhatIsNoSchedule) {
  EXPECT_TRUE(failed_with(OpenSchedule::make({}), std::errc::invalid_argument));
  EXPECT_FALSE(OpenSchedule::make({steady(-1, 1s)}));
  EXPECT_FALSE(OpenSchedule::make({steady(std::numeric_limits<double>::infinity(), 1s)}));
  EXPECT_FALSE(OpenSchedule::make({steady(std::numeric_limits<double>::quiet_NaN(), 1s)}));
  EXPECT_FALSE(OpenSchedule::make({steady(1, -1s)}));
}

}  // namespace
}  // namespace squall::generators
