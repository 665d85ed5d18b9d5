#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include "harness/control/agent_link.h"
#include "harness/control/coordinator_link.h"

#include "tests/support/result_matchers.h"

namespace squall::control {
namespace {

using namespace std::chrono_literals;

class LinkTest : public testing::Test {
 protected:
  LinkTest() {
    std::string path = testing::TempDir() + "squall-link-XXXXXX";
    folder_ = mkdtemp(path.data());
  }
  void SetUp() override {
    auto listening = CoordinatorLink::listen(address());
    ASSERT_TRUE(ok(listening));
    coordinator_ = std::move(*listening);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string address() const { return "unix:" + folder_ + "/control"; }
  std::unique_ptr<AgentLink> dial() const {
    auto agent = AgentLink::dial(address(), 5s);
    EXPECT_TRUE(ok(agent));
    return agent ? std::move(*agent) : nullptr;
  }
  static Instant soon() { return std::chrono::steady_clock::now() + 10s; }
  static wire::FromAgent hello(const std::string& name) {
    wire::FromAgent message;
    message.mutable_hello()->set_name(name);
    return message;
  }

  std::string folder_;
  std::unique_ptr<CoordinatorLink> coordinator_;
};

TEST_F(LinkTest, CarriesMessagesBothWays) {
  const auto agent = dial();
  ASSERT_TRUE(agent);

  ASSERT_TRUE(ok(agent->send(hello("agent-1"))));
  const auto told = coordinator_->hear(soon());
  ASSERT_TRUE(told);
  EXPECT_EQ(told->message.hello().name(), "agent-1");

  wire::ToAgent order;
  order.mutable_taken()->set_sequence(9);
  ASSERT_TRUE(ok(coordinator_->tell(told->stream, order)));
  const auto heard = agent->hear(soon());
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->order.taken().sequence(), 9U);
}

TEST_F(LinkTest, TellsTheCoordinatorThatAnAgentHasGone) {
  {
    const auto agent = dial();
    ASSERT_TRUE(agent);
    ASSERT_TRUE(ok(agent->send(hello("agent-1"))));
    ASSERT_TRUE(coordinator_->hear(soon()));
  }
  const auto told = coordinator_->hear(soon());
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->ended);
  EXPECT_FALSE(coordinator_->tell(told->stream, wire::ToAgent()));
}

TEST_F(LinkTest, TellsTheAgentThatTheCoordinatorHasGone) {
  const auto agent = dial();
  ASSERT_TRUE(agent);
  ASSERT_TRUE(ok(agent->send(hello("agent-1"))));
  ASSERT_TRUE(coordinator_->hear(soon()));
  coordinator_.reset();
  const auto heard = agent->hear(soon());
  ASSERT_TRUE(heard);
  EXPECT_TRUE(heard->ended);
}

TEST_F(LinkTest, EndsAStreamWhoseFirstWordIsNotHello) {
  const auto agent = dial();
  ASSERT_TRUE(agent);
  wire::FromAgent message;
  message.mutable_done();
  ASSERT_TRUE(ok(agent->send(message)));
  const auto told = coordinator_->hear(soon());
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->ended);
  const auto heard = agent->hear(soon());
  ASSERT_TRUE(heard);
  EXPECT_TRUE(heard->ended);
}

TEST_F(LinkTest, ReadsNoFurtherAheadThanItIsHeard) {
  const auto agent = dial();
  ASSERT_TRUE(agent);
  constexpr int kMessages = 3 * static_cast<int>(AgentStream::kReadAhead);
  ASSERT_TRUE(ok(agent->send(hello("agent-1"))));
  for (int i = 1; i < kMessages; ++i) {
    wire::FromAgent message = hello("agent-1");
    message.set_sequence(static_cast<std::uint64_t>(i));
    ASSERT_TRUE(ok(agent->send(message)));
  }
  // All come in the end, each once and in order.
  for (int i = 0; i < kMessages; ++i) {
    const auto told = coordinator_->hear(soon());
    ASSERT_TRUE(told);
    EXPECT_EQ(told->message.sequence(), static_cast<std::uint64_t>(i));
  }
}

TEST_F(LinkTest, ReadsOnlySoManyBytesAheadOfWhoeverHears) {
  const auto channel = grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
  const auto stub = wire::Coordinator::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = stub->Attend(&context);
  ASSERT_TRUE(stream->Write(hello("agent-1")));
  constexpr std::size_t kMessage = AgentStream::kReadAheadBytes / 4;
  constexpr int kMessages = AgentStream::kReadAhead - 2;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    wire::FromAgent message;
    message.mutable_leaving()->set_why(std::string(kMessage, 'x'));
    for (int i = 0; i < kMessages; ++i) written += stream->Write(message) ? 1 : 0;
  });
  const Instant deadline = soon();
  while (written < 4 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  std::this_thread::sleep_for(200ms);  // Who reads on without end has read all by now.
  // Those which are read, and one or two on the way.
  EXPECT_LE(written, 7);
  ASSERT_TRUE(coordinator_->hear(soon())->message.has_hello());
  for (int i = 0; i < kMessages; ++i) {
    const auto told = coordinator_->hear(soon());
    ASSERT_TRUE(told);
    EXPECT_EQ(told->message.leaving().why().size(), kMessage);
  }
  writer.join();
  EXPECT_EQ(written, kMessages);
}

TEST_F(LinkTest, CutsOffAStreamWhoseOtherEndDoesNotRead) {
  const auto channel = grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
  const auto stub = wire::Coordinator::NewStub(channel);
  grpc::ClientContext context;
  const auto stream = stub->Attend(&context);
  ASSERT_TRUE(stream->Write(hello("agent-1")));
  const auto told = coordinator_->hear(soon());
  ASSERT_TRUE(told);
  wire::ToAgent order;
  order.mutable_refused()->set_why(std::string(16 << 10, 'x'));
  bool was_cut_off = false;
  // More than fits on its way and into what may wait; telling waits for nobody.
  for (std::size_t i = 0; i < 4 * AgentStream::kMostWaiting && !was_cut_off; ++i) {
    was_cut_off = !coordinator_->tell(told->stream, order);
  }
  EXPECT_TRUE(was_cut_off);
  const auto ended = coordinator_->hear(soon());
  ASSERT_TRUE(ended);
  EXPECT_TRUE(ended->ended);
  wire::ToAgent heard;
  while (stream->Read(&heard)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(LinkTest, FailsToDialWhereNobodyListens) {
  coordinator_.reset();
  EXPECT_TRUE(failed_with(AgentLink::dial(address(), 100ms), std::errc::timed_out));
}

}  // namespace
}  // namespace squall::control
