#include "harness/coordinator/child_process.h"

#include <chrono>
#include <csignal>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/result_matchers.h"

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;

Instant soon() { return std::chrono::steady_clock::now() + 10s; }

TEST(ChildProcess, TellsHowItsProcessEnded) {
  auto child = ChildProcess::start({"/bin/sh", "-c", "exit 3"});
  ASSERT_TRUE(ok(child));
  EXPECT_EQ(child->exit_status(), std::nullopt);
  EXPECT_EQ(child->wait_until(soon()), "exited with status 3");
  EXPECT_EQ(child->wait_until(soon()), "exited with status 3");
  EXPECT_EQ(child->exit_status(), 3);
}

TEST(ChildProcess, TellsWhichSignalEndedIt) {
  auto child = ChildProcess::start({"/bin/sh", "-c", "kill -TERM $$"});
  ASSERT_TRUE(ok(child));
  EXPECT_EQ(child->wait_until(soon()), "killed by SIGTERM");
  EXPECT_EQ(child->exit_status(), std::nullopt);
}

TEST(ChildProcess, DoesNotWaitLongerThanItIsTold) {
  auto child = ChildProcess::start({"/bin/sleep", "60"});
  ASSERT_TRUE(ok(child));
  EXPECT_EQ(child->wait_until(std::chrono::steady_clock::now()), std::nullopt);
}

TEST(ChildProcess, LeavesNoProcessWhenItIsDestroyed) {
  pid_t pid = -1;
  {
    auto child = ChildProcess::start({"/bin/sleep", "60"});
    ASSERT_TRUE(ok(child));
    pid = child->pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(ChildProcess, IsInAProcessGroupOfItsOwn) {
  auto child = ChildProcess::start({"/bin/sleep", "60"});
  ASSERT_TRUE(ok(child));
  EXPECT_EQ(getpgid(child->pid()), child->pid());
}

TEST(ChildProcess, NamesTheProgramThatCannotBeRun) {
  const auto child = ChildProcess::start({"/no/such/program"});
  ASSERT_TRUE(failed_with(child, std::errc::no_such_file_or_directory));
  EXPECT_EQ(child.error().message(), "start /no/such/program: No such file or directory");
}

}  // namespace
}  // namespace squall::coordinator
