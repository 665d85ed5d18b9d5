#include "harness/runtime/shard.h"

#include <future>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(Shard, RunsWhatIsPostedOnItsOwnThread) {
  Shard shard("test");
  std::promise<std::thread::id> where;
  asio::post(shard.context(), [&where] { where.set_value(std::this_thread::get_id()); });
  shard.start();
  EXPECT_NE(where.get_future().get(), std::this_thread::get_id());
}

TEST(Shard, EndsOnlyAfterWhatIsPendingHasRun) {
  bool ran = false;
  {
    Shard shard("test");
    shard.start();
    asio::post(shard.context(), [&ran] { ran = true; });
  }
  EXPECT_TRUE(ran);
}

TEST(Shard, CanBeDestroyedWithoutEverStarting) { const Shard shard("test"); }

TEST(Shard, IsAwakeSinceItLastHadNothingToDo) {
  struct Seen {
    Instant first, at_once, after_a_pause;
  } seen;
  Shard shard("test");
  asio::steady_timer pause(shard.context());
  asio::post(shard.context(), [&] {
    seen.first = Shard::awake_since();
    asio::post(shard.context(), [&] {
      seen.at_once = Shard::awake_since();
      pause.expires_after(std::chrono::milliseconds(5));
      pause.async_wait([&](const auto& /*aborted*/) { seen.after_a_pause = Shard::awake_since(); });
    });
  });
  shard.start();
  shard.let_end();
  shard.join();
  EXPECT_EQ(seen.at_once, seen.first);
  EXPECT_GE(seen.after_a_pause - seen.first, std::chrono::milliseconds(5));
  EXPECT_EQ(Shard::awake_since(), Instant::max());  // This thread is no shard's.
}

/// Rests for `length` so often.
class Rests final : public RestPolicy {
 public:
  Rests(Duration length, int times) : length_(length), left_(times) {}
  Duration rest() override { return left_-- > 0 ? length_ : Duration::zero(); }
  bool on_rested() override {
    ++rested;
    return true;
  }
  int rested = 0;

 private:
  Duration length_;
  int left_;
};

TEST(Shard, WhatComesWhileItRestsWaitsForItsEndAndIsDoneTogether) {
  Rests rests(std::chrono::milliseconds(200), 1);
  std::vector<Instant> ran;
  std::promise<void> began;
  Shard shard("test");
  shard.rest_by(rests);
  asio::post(shard.context(), [&] { began.set_value(); });
  shard.start();
  began.get_future().wait();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const Instant posted = std::chrono::steady_clock::now();
  asio::post(shard.context(), [&] { ran.push_back(Shard::awake_since()); });
  asio::post(shard.context(), [&] { ran.push_back(Shard::awake_since()); });
  shard.let_end();
  shard.join();
  const Instant ended = std::chrono::steady_clock::now();
  ASSERT_EQ(ran.size(), 2U);
  EXPECT_EQ(ran[0], ran[1]);
  EXPECT_LT(ran[0], posted);  // As old as the rest: what waited in it waited for the shard.
  EXPECT_GE(ended - ran[0], std::chrono::milliseconds(200));
}

TEST(Shard, RestsAgainAsLongAsThereWasSomethingToDo) {
  Rests rests(std::chrono::microseconds(10), 5);
  Shard shard("test");
  shard.rest_by(rests);
  asio::post(shard.context(), [] {});
  shard.start();
  shard.let_end();
  shard.join();
  EXPECT_EQ(rests.rested, 5);
}

TEST(Shard, CpuTimeGrowsWithWork) {
  const Duration before = Shard::cpu_time();
  volatile unsigned sum = 0;
  for (unsigned i = 0; i < 2'000'000; ++i) sum = sum + i;
  EXPECT_GT(Shard::cpu_time(), before);
}

}  // namespace
}  // namespace squall
