#include "harness/coordinator/run_lock.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace squall::coordinator {
namespace {

namespace fs = std::filesystem;

TEST(RunLock, MarksTheFolderForAsLongAsItIsHeld) {
  const TemporaryFolder folder;
  EXPECT_FALSE(is_running(folder.path()));
  {
    const auto lock = RunLock::take(folder.path(), "run-1");
    ASSERT_TRUE(lock);
    EXPECT_TRUE(is_running(folder.path()));
    EXPECT_FALSE(RunLock::take(folder.path(), "run-2"));
  }
  EXPECT_FALSE(is_running(folder.path()));
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(RunLock, HearsWhoeverAsksItToStop) {
  const TemporaryFolder folder;
  const auto lock = RunLock::take(folder.path(), "run-1");
  ASSERT_TRUE(lock);
  EXPECT_EQ(lock->wish(), StopWish::kNone);
  ASSERT_TRUE(ask_to_stop(folder.path(), StopWish::kSoon));
  EXPECT_EQ(lock->wish(), StopWish::kSoon);
  ASSERT_TRUE(ask_to_stop(folder.path(), StopWish::kAtOnce));
  EXPECT_EQ(lock->wish(), StopWish::kAtOnce);
}

TEST(RunLock, AWishForARunThatIsOverCountsForNothing) {
  const TemporaryFolder folder;
  EXPECT_FALSE(ask_to_stop(folder.path(), StopWish::kSoon));
  std::ofstream(folder.path() / "stop") << "now";
  const auto lock = RunLock::take(folder.path(), "run-1");
  ASSERT_TRUE(lock);
  EXPECT_EQ(lock->wish(), StopWish::kNone);
}

TEST(RunLock, AMarkThatACrashLeftBehindIsNoRun) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "running") << "run-1";
  EXPECT_FALSE(is_running(folder.path()));
  EXPECT_FALSE(ask_to_stop(folder.path(), StopWish::kSoon));
  EXPECT_TRUE(RunLock::take(folder.path(), "run-2"));
}

TEST(FindRun, KnowsAFolderAndTheIdOfARunThatIsGoingOn) {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  fs::create_directories("runs/a");
  {
    const auto lock = RunLock::take("runs/a", "20261120T120000Z-7");
    ASSERT_TRUE(lock);
    EXPECT_EQ(*find_run("runs/a"), fs::path("runs/a"));
    EXPECT_EQ(*find_run("20261120T120000Z-7"), fs::path("runs/a"));
    EXPECT_FALSE(find_run("20261120T120000Z-8"));
  }
  EXPECT_FALSE(find_run("20261120T120000Z-7"));
  fs::current_path(before);
}

}  // namespace
}  // namespace squall::coordinator
