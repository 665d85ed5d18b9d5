#include "harness/agent/witness.h"

#include <array>
#include <chrono>
#include <csignal>
#include <future>
#include <system_error>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/process/pidfd.h"

#include "tests/support/result_matchers.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLong = 1min;

/// A process to wait for, and the line by which it says that its part is over.
class AwaitDeath : public testing::Test {
 protected:
  void SetUp() override {
    child_ = ::fork();
    if (child_ == 0) {
      while (true) ::pause();
    }
    pidfd_ = faults::open_pidfd(child_);
    ASSERT_TRUE(pidfd_);
    // Made after the child, which thus has none of its ends.
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    agents_.reset(ends[0]);
    witnesss_.reset(ends[1]);
  }
  void TearDown() override {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  std::future<bool> await(Duration patience = kLong) {
    return std::async(std::launch::async, [this, patience] {
      return await_death(witnesss_.get(), pidfd_.get(), patience);
    });
  }
  void say_the_end() { ASSERT_EQ(::send(agents_.get(), "e", 1, MSG_NOSIGNAL), 1); }

  UniqueFd agents_;
  UniqueFd witnesss_;
  pid_t child_ = -1;
  UniqueFd pidfd_;
};

TEST_F(AwaitDeath, EndsWithTheProcessAlsoBeforeAnybodyHasWaitedForIt) {
  auto died = await();
  ::kill(child_, SIGKILL);
  EXPECT_TRUE(died.get());
}

TEST_F(AwaitDeath, DoesNotTakeAStoppedProcessForADeadOne) {
  ::kill(child_, SIGSTOP);
  auto died = await();
  EXPECT_EQ(died.wait_for(200ms), std::future_status::timeout);
  ::kill(child_, SIGKILL);
  EXPECT_TRUE(died.get());
}

TEST_F(AwaitDeath, IsNoneWhenItsPartWasOverFirst) {
  auto died = await();
  say_the_end();
  EXPECT_FALSE(died.get());
}

TEST_F(AwaitDeath, IsNoneWhenItsPartWasOverThoughItHasEndedSince) {
  say_the_end();
  agents_.reset();
  ::kill(child_, SIGKILL);
  ::siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(await().get());
}

TEST_F(AwaitDeath, IsAwaitedThoughTheLineIsLetGoWithoutAWord) {
  agents_.reset();
  auto died = await();
  ::kill(child_, SIGKILL);
  EXPECT_TRUE(died.get());
}

TEST_F(AwaitDeath, IsNotAwaitedForeverOnceTheLineIsLetGo) {
  agents_.reset();
  EXPECT_FALSE(await(50ms).get());
}

TEST(Witness, ThatCannotBeStartedIsAnError) {
  const auto witness = Witness::start("/no/such/squall", {});
  ASSERT_TRUE(failed_with(witness, std::errc::no_such_file_or_directory));
  EXPECT_EQ(witness.error().trail, "start a witness: /no/such/squall");
}

TEST(Witness, IsEndedThoughItDoesNotHear) {
  auto witness = Witness::start("/usr/bin/yes", {});
  ASSERT_TRUE(ok(witness));
  EXPECT_EQ(::getsid(witness->pid()), witness->pid());
  witness->end();
  EXPECT_EQ(::kill(witness->pid(), 0), -1);
}

}  // namespace
}  // namespace squall::agent
