#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

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
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string address() const { return "unix:" + folder_ + "/control"; }
  static Instant soon() { return std::chrono::steady_clock::now() + 10s; }
  static wire::FromAgent hello(const std::string& name) {
    wire::FromAgent message;
    message.mutable_hello()->set_name(name);
    return message;
  }

  std::string folder_;
};

TEST_F(LinkTest, CarriesMessagesBothWays) {
  auto coordinator = CoordinatorLink::listen(address());
  ASSERT_TRUE(ok(coordinator));
  auto agent = AgentLink::dial(address(), 5s);
  ASSERT_TRUE(ok(agent));

  ASSERT_TRUE(ok((*agent)->send(hello("agent-1"))));
  const auto told = (*coordinator)->hear(soon());
  ASSERT_TRUE(told);
  EXPECT_EQ(told->message.hello().name(), "agent-1");

  wire::ToAgent order;
  order.mutable_taken()->set_sequence(9);
  ASSERT_TRUE(ok((*coordinator)->tell(told->stream, order)));
  const auto heard = (*agent)->hear(soon());
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->order.taken().sequence(), 9U);
}

TEST_F(LinkTest, TellsTheCoordinatorThatAnAgentHasGone) {
  auto coordinator = CoordinatorLink::listen(address());
  ASSERT_TRUE(ok(coordinator));
  {
    auto agent = AgentLink::dial(address(), 5s);
    ASSERT_TRUE(ok(agent));
    ASSERT_TRUE(ok((*agent)->send(hello("agent-1"))));
    ASSERT_TRUE((*coordinator)->hear(soon()));
  }
  const auto told = (*coordinator)->hear(soon());
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->ended);
  EXPECT_FALSE((*coordinator)->tell(told->stream, wire::ToAgent()));
}

TEST_F(LinkTest, TellsTheAgentThatTheCoordinatorHasGone) {
  auto coordinator = CoordinatorLink::listen(address());
  ASSERT_TRUE(ok(coordinator));
  auto agent = AgentLink::dial(address(), 5s);
  ASSERT_TRUE(ok(agent));
  ASSERT_TRUE(ok((*agent)->send(hello("agent-1"))));
  ASSERT_TRUE((*coordinator)->hear(soon()));
  coordinator->reset();
  const auto heard = (*agent)->hear(soon());
  ASSERT_TRUE(heard);
  EXPECT_TRUE(heard->ended);
}

TEST_F(LinkTest, FailsToDialWhereNobodyListens) {
  EXPECT_TRUE(failed_with(AgentLink::dial(address(), 100ms), std::errc::timed_out));
}

}  // namespace
}  // namespace squall::control
