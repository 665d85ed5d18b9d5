#include "harness/runtime/shard.h"

#include <functional>
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

/// Rests for `length` so often. The tests do in its rests what is to come meanwhile.
class Rests final : public RestPolicy {
 public:
  Rests(Duration length, int times, bool looks_again)
      : length_(length), left_(times), looks_again_(looks_again) {}
  Duration rest() override {
    if (left_-- <= 0) return Duration::zero();
    began = std::chrono::steady_clock::now();
    if (on_rest) on_rest();
    return length_;
  }
  bool on_rested() override {
    ++rested;
    return looks_again_;
  }
  std::function<void()> on_rest;
  Instant began{};  // The last.
  int rested = 0;

 private:
  Duration length_;
  int left_;
  bool looks_again_;
};

TEST(Shard, WhatComesWhileItRestsWaitsForItsEndAndIsDoneTogether) {
  Rests rests(std::chrono::milliseconds(20), 1, false);
  std::vector<Instant> ran;
  Instant ended{};
  std::promise<void> over;
  Shard shard("test");
  shard.rest_by(rests);
  rests.on_rest = [&] {
    asio::post(shard.context(), [&] { ran.push_back(Shard::awake_since()); });
    asio::post(shard.context(), [&] {
      ran.push_back(Shard::awake_since());
      ended = std::chrono::steady_clock::now();
      over.set_value();
    });
  };
  shard.start();
  over.get_future().wait();
  shard.let_end();
  shard.join();
  ASSERT_EQ(ran.size(), 2U);
  EXPECT_EQ(ran[0], ran[1]);
  EXPECT_GE(ran[0], rests.began);  // As old as the rest: what waited in it waited for the shard.
  EXPECT_GE(ended - ran[0], std::chrono::milliseconds(20));
}

TEST(Shard, RestsAgainAsLongAsThePolicyLooksForMore) {
  Rests rests(std::chrono::microseconds(10), 5, true);
  Shard shard("test");
  shard.rest_by(rests);
  shard.start();
  shard.let_end();
  shard.join();
  EXPECT_EQ(rests.rested, 5);
}

TEST(Shard, RestsOnceAndThenWaitsWhereNothingCame) {
  Rests rests(std::chrono::microseconds(10), 100, false);
  int rested_before_the_event = 0;
  std::promise<void> over;
  Shard shard("test");
  shard.rest_by(rests);
  asio::steady_timer event(shard.context());
  rests.on_rest = [&] {
    if (rests.rested > 0) return;
    event.expires_after(std::chrono::milliseconds(20));
    event.async_wait([&](const auto& /*aborted*/) {
      rested_before_the_event = rests.rested;
      over.set_value();
    });
  };
  shard.start();
  over.get_future().wait();
  shard.let_end();
  shard.join();
  EXPECT_EQ(rested_before_the_event, 1);
}

TEST(Shard, RestsAgainWhereAnEventCameMeanwhile) {
  Rests rests(std::chrono::microseconds(10), 100, false);
  int events = 0;
  std::promise<void> over;
  Shard shard("test");
  shard.rest_by(rests);
  asio::steady_timer last(shard.context());
  int rested_before_the_last = 0;
  rests.on_rest = [&] {
    if (rests.rested < 3) asio::post(shard.context(), [&] { ++events; });
    if (rests.rested != 3) return;
    last.expires_after(std::chrono::milliseconds(20));
    last.async_wait([&](const auto& /*aborted*/) {
      rested_before_the_last = rests.rested;
      over.set_value();
    });
  };
  shard.start();
  over.get_future().wait();
  shard.let_end();
  shard.join();
  EXPECT_EQ(events, 3);
  EXPECT_EQ(rested_before_the_last, 4) << "three with an event, and one in which nothing came";
}

TEST(Shard, ATimerThatIsDueWhileItRestsRunsBetweenTheRests) {
  Rests rests(std::chrono::milliseconds(1), 50, true);
  int rested_before_the_timer = 0;
  Shard shard("test");
  shard.rest_by(rests);
  asio::steady_timer timer(shard.context());
  asio::post(shard.context(), [&] {  // Of 2 ms, where each rest takes 1 ms at least.
    timer.expires_after(std::chrono::milliseconds(2));
    timer.async_wait([&](const auto& /*aborted*/) { rested_before_the_timer = rests.rested; });
  });
  shard.start();
  shard.let_end();
  shard.join();
  EXPECT_EQ(rests.rested, 50);
  EXPECT_GE(rested_before_the_timer, 1);
  EXPECT_LE(rested_before_the_timer, 3);
}

TEST(Shard, CpuTimeGrowsWithWork) {
  const Duration before = Shard::cpu_time();
  volatile unsigned sum = 0;
  for (unsigned i = 0; i < 2'000'000; ++i) sum = sum + i;
  EXPECT_GT(Shard::cpu_time(), before);
}

}  // namespace
}  // namespace squall
