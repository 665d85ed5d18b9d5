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

TEST(Shard, CpuTimeGrowsWithWork) {
  const Duration before = Shard::cpu_time();
  volatile unsigned sum = 0;
  for (unsigned i = 0; i < 2'000'000; ++i) sum = sum + i;
  EXPECT_GT(Shard::cpu_time(), before);
}

}  // namespace
}  // namespace squall
