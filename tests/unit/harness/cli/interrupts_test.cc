#include "harness/cli/interrupts.h"

#include <chrono>
#include <csignal>
#include <future>

#include <gtest/gtest.h>
#include <unistd.h>

namespace squall::cli {
namespace {

using namespace std::chrono_literals;

TEST(Interrupts, TurnASignalIntoACall) {
  Interrupts::block();
  std::promise<int> heard;
  {
    const Interrupts interrupts([&heard](int signal) { heard.set_value(signal); });
    ::kill(::getpid(), SIGTERM);
    auto answer = heard.get_future();
    ASSERT_EQ(answer.wait_for(10s), std::future_status::ready);
    EXPECT_EQ(answer.get(), SIGTERM);
  }
  Interrupts::unblock();
}

TEST(Interrupts, HearSigintThoughAShellStartedUsWithItIgnored) {
  std::signal(SIGINT, SIG_IGN);
  Interrupts::block();
  std::promise<int> heard;
  {
    const Interrupts interrupts([&heard](int signal) { heard.set_value(signal); });
    ::kill(::getpid(), SIGINT);
    auto answer = heard.get_future();
    ASSERT_EQ(answer.wait_for(10s), std::future_status::ready);
    EXPECT_EQ(answer.get(), SIGINT);
  }
  Interrupts::unblock();
}

}  // namespace
}  // namespace squall::cli
