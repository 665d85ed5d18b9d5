#include "harness/coordinator/live_order.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "harness/coordinator/run_lock.h"

#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;

TEST(LiveOrder, IsARateAPauseOrItsEnd) {
  const auto rate = parse_live_order("rate browse 30/m");
  ASSERT_TRUE(ok(rate));
  EXPECT_EQ(*rate, (LiveOrder{LiveOrder::Kind::kRate, "browse", Rate{0.5}}));
  EXPECT_EQ(parse_live_order("pause")->kind, LiveOrder::Kind::kPause);
  EXPECT_EQ(parse_live_order("resume")->kind, LiveOrder::Kind::kResume);
}

TEST(LiveOrder, IsTheEndOfAFault) {
  const auto order = parse_live_order("fault stop lossy-uplink");
  ASSERT_TRUE(ok(order));
  EXPECT_EQ(*order, (LiveOrder{.kind = LiveOrder::Kind::kStopFault, .fault = "lossy-uplink"}));
}

TEST(LiveOrder, IsNothingElse) {
  for (const char* text :
       {"", "rate", "rate browse", "rate browse 5", "rate browse 5/s now", "pause browse", "stop",
        "fault stop", "fault start x", "fault stop x y", "rate browse -5/s"}) {
    EXPECT_FALSE(parse_live_order(text)) << text;
  }
}

TEST(LiveOrder, OfAnotherKindIsToldFromAMistakeInARate) {
  EXPECT_TRUE(failed_with(parse_live_order("halt"), std::errc::not_supported));
  EXPECT_TRUE(failed_with(parse_live_order("rate browse -5/s"), std::errc::invalid_argument));
}

TEST(LiveOrder, WithAWordTooManySaysWhich) {
  const auto order = parse_live_order("resume browse");
  ASSERT_TRUE(failed_with(order, std::errc::invalid_argument));
  EXPECT_EQ(order.error().trail, "resume stands alone: what is 'browse'?");
}

TEST(LiveOrders, AreAnsweredEachToWhomItGave) {
  const TemporaryFolder folder;
  const auto lock = RunLock::take(folder.path(), "run-1");
  ASSERT_TRUE(ok(lock));
  LiveOrders orders(folder.path());
  auto first =
      std::async(std::launch::async, [&] { return give_order(folder.path(), "pause", 10s); });
  auto second =
      std::async(std::launch::async, [&] { return give_order(folder.path(), "resume", 10s); });
  for (int taken = 0; taken < 2;) {
    for (const auto& asked : orders.take()) {
      orders.answer(asked, asked.text == "pause" ? "" : "no: " + asked.text);
      ++taken;
    }
    std::this_thread::yield();
  }
  const auto paused = first.get();
  const auto resumed = second.get();
  ASSERT_TRUE(ok(paused));
  ASSERT_TRUE(ok(resumed));
  EXPECT_EQ(*paused, "");
  EXPECT_EQ(*resumed, "no: resume");
  EXPECT_TRUE(orders.take().empty());
}

TEST(LiveOrders, AreTakenWhenTheirLineIsWhole) {
  const TemporaryFolder folder;
  LiveOrders orders(folder.path());
  std::ofstream file(folder.path() / "orders");
  file << "pause\nres" << std::flush;
  ASSERT_EQ(orders.take().size(), 1U);
  EXPECT_TRUE(orders.take().empty());
  file << "ume\n" << std::flush;
  const auto rest = orders.take();
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest.front().text, "resume");
}

TEST(LiveOrders, CannotBeGivenWhereNoRunIsGoingOnOrNoneAnswers) {
  const TemporaryFolder folder;
  EXPECT_TRUE(failed_with(give_order(folder.path(), "pause", 1s), std::errc::no_such_process));
  const auto lock = RunLock::take(folder.path(), "run-1");
  ASSERT_TRUE(ok(lock));
  EXPECT_TRUE(failed_with(give_order(folder.path(), "pause", 50ms), std::errc::timed_out));
}

}  // namespace
}  // namespace squall::coordinator
