#include <chrono>

#include <gtest/gtest.h>

#include "harness/services/services.h"

namespace squall::services {
namespace {

using namespace std::chrono_literals;

TEST(RestartPause, GrowsSoThatACrashLoopDoesNotSpinAndIsBounded) {
  EXPECT_EQ(restart_pause(1), 100ms);
  EXPECT_EQ(restart_pause(2), 200ms);
  EXPECT_EQ(restart_pause(6), 3200ms);
  EXPECT_EQ(restart_pause(7), 5s);
  EXPECT_EQ(restart_pause(1'000'000), 5s);
}

}  // namespace
}  // namespace squall::services
