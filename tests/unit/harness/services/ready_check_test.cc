#include "harness/services/ready_check.h"

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace squall::services {
namespace {

using namespace std::chrono_literals;

ReadyCheck::Asking asking(std::function<Result<int>(const std::string&, Duration)> fetch) {
  ReadyCheck::Asking one;
  one.url = "http://127.0.0.1:1/health";
  one.within = 10s;
  one.fetch = std::move(fetch);
  one.on_ready = [] {};
  one.on_late = [](const std::string&) {};
  return one;
}

TEST(ReadyCheck, AsksUntilTheAnswerIsAsItShouldBe) {
  int asked = 0;
  std::promise<void> ready;
  auto one = asking([&](const std::string&, Duration) -> Result<int> {
    ++asked;
    if (asked == 1) return error(std::errc::connection_refused, "connect");
    if (asked == 2) throw std::runtime_error("bug");
    return asked == 3 ? 503 : 200;
  });
  one.on_ready = [&] { ready.set_value(); };
  const ReadyCheck check(std::move(one));
  ready.get_future().get();
  EXPECT_EQ(asked, 4);
}

TEST(ReadyCheck, SaysWhatItSawWhenItIsLateAndGoesOn) {
  std::atomic<bool> good = false;
  std::promise<std::string> late;
  std::promise<void> ready;
  auto one = asking([&](const std::string&, Duration timeout) -> Result<int> {
    EXPECT_LE(timeout, 1s);
    return good ? 200 : 503;
  });
  one.within = 1ms;
  one.on_late = [&](const std::string& seen) { late.set_value(seen); };
  one.on_ready = [&] { ready.set_value(); };
  const ReadyCheck check(std::move(one));
  EXPECT_EQ(late.get_future().get(), "status 503");
  good = true;
  ready.get_future().get();
}

TEST(ReadyCheck, StopsAskingWhenItIsDestroyed) {
  std::atomic<int> asked = 0;
  {
    const ReadyCheck check(asking([&](const std::string&, Duration) -> Result<int> {
      ++asked;
      return 503;
    }));
  }
  const int before = asked;
  EXPECT_LE(before, 2);
  EXPECT_EQ(asked, before);
}

}  // namespace
}  // namespace squall::services
