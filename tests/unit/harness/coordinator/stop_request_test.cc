#include "harness/coordinator/stop_request.h"

#include <csignal>

#include <gtest/gtest.h>

namespace squall::coordinator {
namespace {

TEST(StopRequest, CountsHowOftenItWasAskedAndKeepsTheFirstSignal) {
  StopRequest stop;
  EXPECT_EQ(stop.times(), 0);
  stop.ask(SIGINT);
  stop.ask(SIGTERM);
  EXPECT_EQ(stop.times(), 2);
  EXPECT_EQ(stop.signal(), SIGINT);
}

}  // namespace
}  // namespace squall::coordinator
