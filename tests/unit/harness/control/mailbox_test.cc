#include "harness/control/mailbox.h"

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace squall::control {
namespace {

using namespace std::chrono_literals;

Instant soon() { return std::chrono::steady_clock::now() + 10s; }

TEST(Mailbox, GivesValuesInTheOrderInWhichTheyCame) {
  Mailbox<int> mailbox;
  mailbox.post(1);
  mailbox.post(2);
  EXPECT_EQ(mailbox.take(soon()), 1);
  EXPECT_EQ(mailbox.take(soon()), 2);
}

TEST(Mailbox, GivesNothingWhenNothingCameInTime) {
  Mailbox<int> mailbox;
  EXPECT_EQ(mailbox.take(std::chrono::steady_clock::now()), std::nullopt);
}

TEST(Mailbox, WakesTheTakerWhenAnotherThreadPosts) {
  Mailbox<std::string> mailbox;
  std::thread poster([&] { mailbox.post("hello"); });
  EXPECT_EQ(mailbox.take(soon()), "hello");
  poster.join();
}

}  // namespace
}  // namespace squall::control
