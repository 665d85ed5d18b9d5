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

#include "harness/base/reason.h"
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
    const auto trusts = [this](const auto&) {
      return is_trusting_ ? Result<void>() : reason(std::errc::permission_denied, "not from you");
    };
    auto listening = control::CoordinatorLink::listen(address);
    ASSERT_TRUE(ok(listening));
    coordinator_ = *std::move(listening);
    auto stream = control::AgentLink::dial(address, 5s);
    ASSERT_TRUE(ok(stream));
    wire::FromAgent hello;
    hello.mutable_hello()->set_name("fra-1");
    line_.emplace(*std::move(stream), hello, trusts, [address](const std::atomic<bool>& abandon) {
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

  static wire::FromAgent snapshot(std::uint64_t sequence) {
    wire::FromAgent message;
    message.mutable_snapshot()->set_sequence(sequence);
    return message;
  }

  TemporaryFolder folder_;
  bool is_trusting_ = true;
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

TEST_F(LineTest, ALeaseTellsWhatWasTakenAndOnlyTheRestIsSentAgain) {
  for (std::uint64_t i = 1; i <= 3; ++i) line_->send(snapshot(i));
  const auto is_third = [](const control::Told& one) {
    return one.message.snapshot().sequence() == 3;
  };
  told(is_third);
  EXPECT_FALSE(line_->is_settled());
  wire::ToAgent lease;
  lease.mutable_lease()->set_taken(2);
  ASSERT_TRUE(ok(coordinator_->tell(stream_, lease)));
  ASSERT_TRUE(line_->hear(Clock::now() + 20s)->has_lease());
  EXPECT_FALSE(line_->is_settled());
  coordinator_->hang_up(stream_);
  await_hello();
  const auto again = told([](const control::Told& one) { return one.message.has_snapshot(); });
  ASSERT_TRUE(again);
  EXPECT_EQ(again->message.snapshot().sequence(), 3U);
  lease.mutable_lease()->set_taken(3);
  ASSERT_TRUE(ok(coordinator_->tell(stream_, lease)));
  ASSERT_TRUE(line_->hear(Clock::now() + 20s)->has_lease());
  EXPECT_TRUE(line_->is_settled());
}

TEST_F(LineTest, WhoIsNotObeyedIsToldWhy) {
  is_trusting_ = false;
  ASSERT_TRUE(ok(coordinator_->tell(stream_, orders_.put(stop("first")))));
  const auto leaving = told([](const control::Told& one) { return one.message.has_leaving(); });
  ASSERT_TRUE(leaving);
  EXPECT_EQ(leaving->message.leaving().why(), "not from you");
  EXPECT_TRUE(line_->has_ended());
  EXPECT_TRUE(heard_.empty());
}

}  // namespace
}  // namespace squall::agent
