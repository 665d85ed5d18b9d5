#include "harness/coordinator/child_agent.h"

#include <chrono>
#include <csignal>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/result_matchers.h"

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;

Instant soon() { return std::chrono::steady_clock::now() + 10s; }

TEST(ChildAgent, TellsHowItsProcessEnded) {
  auto child = ChildAgent::start({"/bin/sh", "-c", "exit 3"});
  ASSERT_TRUE(ok(child));
  EXPECT_EQ(child->wait_until(soon()), "exited with status 3");
  EXPECT_EQ(child->wait_until(soon()), "exited with status 3");
}

TEST(ChildAgent, TellsWhichSignalEndedIt) {
  auto child = ChildAgent::start({"/bin/sh", "-c", "kill -TERM $$"});
  ASSERT_TRUE(ok(child));
  EXPECT_EQ(child->wait_until(soon()), "killed by SIGTERM");
}

TEST(ChildAgent, DoesNotWaitLongerThanItIsTold) {
  auto child = ChildAgent::start({"/bin/sleep", "60"});
  ASSERT_TRUE(ok(child));
  EXPECT_EQ(child->wait_until(std::chrono::steady_clock::now()), std::nullopt);
}

TEST(ChildAgent, LeavesNoProcessWhenItIsDestroyed) {
  pid_t pid = -1;
  {
    auto child = ChildAgent::start({"/bin/sleep", "60"});
    ASSERT_TRUE(ok(child));
    pid = child->pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(ChildAgent, IsInAProcessGroupOfItsOwn) {
  auto child = ChildAgent::start({"/bin/sleep", "60"});
  ASSERT_TRUE(ok(child));
  EXPECT_EQ(getpgid(child->pid()), child->pid());
}

TEST(ChildAgent, NamesTheProgramThatCannotBeRun) {
  const auto child = ChildAgent::start({"/no/such/program"});
  ASSERT_TRUE(failed_with(child, std::errc::no_such_file_or_directory));
  EXPECT_EQ(child.error().message(), "start /no/such/program: No such file or directory");
}

}  // namespace
}  // namespace squall::coordinator
