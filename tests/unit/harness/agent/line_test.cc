#include "harness/agent/line.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/control/coordinator_link.h"
#include "harness/control/outbox.h"

#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using Clock = std::chrono::steady_clock;

/// A line to a coordinator that is the test's own, by a socket.
class LineTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string address = "unix:" + (folder_ / "control").string();
    auto listening = control::CoordinatorLink::listen(address);
    ASSERT_TRUE(ok(listening));
    coordinator_ = *std::move(listening);
    auto stream = control::AgentLink::dial(address, 5s);
    ASSERT_TRUE(ok(stream));
    wire::FromAgent hello;
    hello.mutable_hello()->set_name("fra-1");
    line_.emplace(
        *std::move(stream), hello, [](const auto&) { return Result<void>(); },
        [address](const std::atomic<bool>& abandon) {
          return control::AgentLink::dial(address, 1s, {}, &abandon);
        });
    await_hello();
    line_->resume_as("a-run", 30s);
  }
  void TearDown() override {
    line_.reset();
    coordinator_.reset();
  }

  /// Both ends listen by turns until the coordinator has heard what is waited for.
  template <typename Wanted>
  std::optional<control::Told> told(Wanted wanted) {
    const Instant deadline = Clock::now() + 20s;
    while (Clock::now() < deadline) {
      listen();
      auto one = coordinator_->hear(Clock::now() + 5ms);
      if (one && wanted(*one)) return one;
    }
    ADD_FAILURE() << "the coordinator was not told";
    return {};
  }
  void await_hello() {
    const auto hello = told([](const control::Told& one) { return one.message.has_hello(); });
    ASSERT_TRUE(hello);
    stream_ = hello->stream;
    run_id_ = hello->message.hello().run_id();
  }
  /// As a coordinator does on a new stream.
  void send_what_waits() {
    for (const wire::ToAgent& order : orders_.waiting()) {
      ASSERT_TRUE(ok(coordinator_->tell(stream_, order)));
    }
  }
  void await_taken(std::uint64_t sequence) {
    told([sequence](const control::Told& one) {
      return one.message.has_taken() && one.message.taken().sequence() == sequence;
    });
  }
  void listen() {
    while (const auto order = line_->hear(Clock::now() + 5ms))
      heard_.push_back(order->stop_fault().fault());
  }
  static wire::ToAgent stop(const std::string& fault) {
    wire::ToAgent order;
    order.mutable_stop_fault()->set_fault(fault);
    return order;
  }

  TemporaryFolder folder_;
  std::unique_ptr<control::CoordinatorLink> coordinator_;
  std::optional<Line> line_;
  control::StreamId stream_ = 0;
  std::string run_id_;
  control::Outbox<wire::ToAgent> orders_;
  std::vector<std::string> heard_;
};

TEST_F(LineTest, AnOrderGivenWhileTheStreamIsCutComesByTheNext) {
  ASSERT_TRUE(ok(coordinator_->tell(stream_, orders_.put(stop("first")))));
  await_taken(1);
  coordinator_->hang_up(stream_);
  orders_.put(stop("second"));
  orders_.put(stop("third"));
  await_hello();
  EXPECT_EQ(run_id_, "a-run");
  orders_.taken(1);
  send_what_waits();
  await_taken(3);
  EXPECT_THAT(heard_, ElementsAre("first", "second", "third"));
}

TEST_F(LineTest, AnOrderWhoseAnswerWasLostIsNotObeyedTwice) {
  ASSERT_TRUE(ok(coordinator_->tell(stream_, orders_.put(stop("first")))));
  await_taken(1);
  // Its coordinator has not heard that: it sends it again, and is told again.
  coordinator_->hang_up(stream_);
  await_hello();
  send_what_waits();
  await_taken(1);
  ASSERT_TRUE(ok(coordinator_->tell(stream_, orders_.put(stop("second")))));
  await_taken(2);
  EXPECT_THAT(heard_, ElementsAre("first", "second"));
}

}  // namespace
}  // namespace squall::agent
