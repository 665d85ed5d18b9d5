#include "harness/runtime/shard.h"

#include <future>
#include <thread>

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

TEST(Shard, CpuTimeGrowsWithWork) {
  const Duration before = Shard::cpu_time();
  volatile unsigned sum = 0;
  for (unsigned i = 0; i < 2'000'000; ++i) sum = sum + i;
  EXPECT_GT(Shard::cpu_time(), before);
}

}  // namespace
}  // namespace squall
