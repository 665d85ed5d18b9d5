#include "faults/core/pulses.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Pulses, GoOffAndOnInTurnUntilTheyAreStopped) {
  std::vector<bool> changes;
  std::atomic<std::size_t> seen = 0;
  Pulses pulses({2ms, 1ms}, [&](bool on) -> Result<void> {
    changes.push_back(on);
    ++seen;
    return {};
  });
  while (seen < 5) std::this_thread::sleep_for(1ms);
  pulses.stop();
  ASSERT_GE(changes.size(), 5U);
  for (std::size_t i = 0; i < changes.size(); ++i) EXPECT_EQ(changes[i], i % 2 == 1);
  EXPECT_EQ(pulses.count(), 1 + changes.size() / 2);
  EXPECT_FALSE(pulses.failure().has_value());
}

TEST(Pulses, AreStoppedAtOnce) {
  const auto begun = std::chrono::steady_clock::now();
  {
    Pulses pulses({1h, 1h}, [](bool) -> Result<void> { return {}; });
    pulses.stop();
    EXPECT_EQ(pulses.count(), 1U);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1min);
}

TEST(Pulses, GoOnAfterAChangeThatFailedAndTellOfTheFirst) {
  std::atomic<std::size_t> seen = 0;
  Pulses pulses({1ms, 1ms}, [&](bool) -> Result<void> {
    return error(std::errc::io_error, "change " + std::to_string(++seen));
  });
  while (seen < 3) std::this_thread::sleep_for(1ms);
  pulses.stop();
  EXPECT_EQ(pulses.count(), 1U);
  ASSERT_TRUE(pulses.failure().has_value());
  EXPECT_THAT(pulses.failure()->message(), HasSubstr("change 1"));
}

TEST(PulsesDue, CountTheFirstAndEachThatBeginsBeforeTheEnd) {
  EXPECT_EQ(pulses_due({100ms, 200ms}, 0ms), 1U);
  EXPECT_EQ(pulses_due({100ms, 200ms}, 299ms), 1U);
  EXPECT_EQ(pulses_due({100ms, 200ms}, 900ms), 4U);
}

}  // namespace
}  // namespace squall::faults
