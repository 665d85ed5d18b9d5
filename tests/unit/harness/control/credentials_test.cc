#include "harness/control/credentials.h"

#include <chrono>
#include <future>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/unique_fd.h"
#include "harness/control/agent_link.h"
#include "harness/control/coordinator_link.h"

#include "tests/support/result_matchers.h"

namespace squall::control {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using trust::Authority;
using trust::Identity;

class MutualTls : public testing::Test {
 protected:
  Credentials of(const Authority& authority, const Identity& identity) const {
    return {authority_.pem().certificate, *authority.issue(identity, days(1))};
  }
  void SetUp() override {
    auto listening = CoordinatorLink::listen("127.0.0.1:0", of(authority_, main_));
    ASSERT_TRUE(ok(listening));
    coordinator_ = *std::move(listening);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(coordinator_->port()); }
  static Instant within(Duration patience) { return std::chrono::steady_clock::now() + patience; }

  const Authority authority_ = *Authority::make("a fleet", days(10));
  const Identity main_{Identity::Role::kCoordinator, "main", {}};
  const Identity fra_{Identity::Role::kAgent, "fra-1", {{"zone", "fra"}}};
  std::unique_ptr<CoordinatorLink> coordinator_;
};

TEST_F(MutualTls, ACoordinatorThatComesWhileItIsDialledTurnsNobodyAway) {
  const std::string where = address();
  // When the agent looks why it gets nowhere, its last attempt was before anybody listened.
  for (int i = 0; i < 4; ++i) {
    coordinator_.reset();
    auto dialled = std::async(std::launch::async, [&] {
      const auto agent = AgentLink::dial(where, 5s, of(authority_, fra_));
      return agent ? "" : agent.error().trail;
    });
    ASSERT_EQ(dialled.wait_for(150ms), std::future_status::timeout);
    auto listening = CoordinatorLink::listen(where, of(authority_, main_));
    ASSERT_TRUE(ok(listening));
    coordinator_ = *std::move(listening);
    EXPECT_EQ(dialled.get(), "");
  }
}

TEST_F(MutualTls, TellsEachEndWhoTheOtherIs) {
  const auto agent = AgentLink::dial(address(), 5s, of(authority_, fra_));
  ASSERT_TRUE(ok(agent));
  wire::FromAgent hello;
  hello.mutable_hello()->set_name("says anything");
  ASSERT_TRUE(ok((*agent)->send(hello)));
  const auto told = coordinator_->hear(within(5s));
  ASSERT_TRUE(told && told->peer);
  EXPECT_EQ(*told->peer, fra_);

  ASSERT_TRUE(ok(coordinator_->tell(told->stream, {})));
  ASSERT_TRUE((*agent)->hear(within(5s)));
  const auto coordinator = (*agent)->coordinator();
  ASSERT_TRUE(ok(coordinator));
  EXPECT_EQ(*coordinator, main_);
}

TEST_F(MutualTls, DoesNotLetAnAgentOfAnotherAuthorityIn) {
  const Authority other = *Authority::make("a fleet", days(10));
  const auto agent = AgentLink::dial(address(), 1s, of(other, fra_));
  // TLS 1.3 lets the client believe that it is in until the server has looked at its certificate.
  if (agent) {
    const auto heard = (*agent)->hear(within(5s));
    ASSERT_TRUE(heard);
    EXPECT_TRUE(heard->ended);
  }
  EXPECT_FALSE(coordinator_->hear(within(200ms)));
}

TEST_F(MutualTls, DoesNotLetAnAgentWithoutACertificateIn) {
  EXPECT_TRUE(failed_with(AgentLink::dial(address(), 300ms), std::errc::timed_out));
  EXPECT_FALSE(coordinator_->hear(within(200ms)));
}

TEST_F(MutualTls, DoesNotLetACoordinatorInAsAnAgent) {
  const auto agent = AgentLink::dial(address(), 1s, of(authority_, main_));
  if (agent) {
    const auto heard = (*agent)->hear(within(5s));
    ASSERT_TRUE(heard);
    EXPECT_TRUE(heard->ended);
  }
  EXPECT_FALSE(coordinator_->hear(within(200ms)));
}

TEST_F(MutualTls, DoesNotTakeAnAgentForACoordinator) {
  const auto impostor = CoordinatorLink::listen("127.0.0.1:0", of(authority_, fra_));
  ASSERT_TRUE(ok(impostor));
  const std::string there = "127.0.0.1:" + std::to_string((*impostor)->port());
  const auto dialled = AgentLink::dial(there, 500ms, of(authority_, fra_));
  ASSERT_TRUE(failed_with(dialled, std::errc::timed_out));
  EXPECT_NE(dialled.error().trail.find("is no coordinator's"), std::string::npos)
      << dialled.error().trail;
}

TEST_F(MutualTls, LetsNobodyInWhoseCertificateHasExpired) {
  const Credentials expired{authority_.pem().certificate, *authority_.issue(fra_, days(-1))};
  const auto agent = AgentLink::dial(address(), 1s, expired);
  if (agent) {
    const auto heard = (*agent)->hear(within(5s));
    ASSERT_TRUE(heard);
    EXPECT_TRUE(heard->ended);
  }
  EXPECT_FALSE(coordinator_->hear(within(200ms)));
}

TEST_F(MutualTls, SurvivesBytesThatAreNoTls) {
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, '\xff'),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string("\x16\x03\x01\xff\xff", 5)}) {
    const UniqueFd raw(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(coordinator_->port()));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(raw.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    EXPECT_GT(send(raw.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  }
  EXPECT_FALSE(coordinator_->hear(within(200ms)));
  const auto agent = AgentLink::dial(address(), 5s, of(authority_, fra_));
  ASSERT_TRUE(ok(agent));
  ASSERT_TRUE(ok((*agent)->send({})));
  EXPECT_TRUE(coordinator_->hear(within(5s)));
}

TEST_F(MutualTls, LeavesAPortToWhoHasIt) {
  EXPECT_TRUE(failed_with(CoordinatorLink::listen(address(), of(authority_, main_)),
                          std::errc::address_in_use));
}

TEST(HandshakesThatFail, AreToldInWordsForTheOperatorOfAnAgent) {
  EXPECT_EQ(in_agents_words("certificate verify failed"),
            "the coordinator's certificate is not of the authority in --ca, has expired, or is no "
            "coordinator's (certificate verify failed)");
  EXPECT_TRUE(in_agents_words("tlsv1 alert unknown ca")
                  .starts_with("the coordinator does not believe this agent's certificate: it is "
                               "of another authority"));
  EXPECT_EQ(in_agents_words("something new"), "TLS: something new");
}

TEST(PlainText, IsForThisMachineAlone) {
  for (const char* here :
       {"unix:/tmp/x", "127.0.0.1:7400", "127.1.2.3:0", "[::1]:7400", "localhost:7400"}) {
    EXPECT_TRUE(is_on_this_machine(here)) << here;
  }
  for (const char* elsewhere :
       {"10.0.0.1:7400", "0.0.0.0:7400", "[::]:7400", "127.example.org:7400", "example.org:7400",
        "localhost.example.org:7400", "dns:///localhost:7400", ""}) {
    EXPECT_FALSE(is_on_this_machine(elsewhere)) << elsewhere;
    EXPECT_TRUE(failed_with(CoordinatorLink::listen(elsewhere), std::errc::permission_denied));
    EXPECT_TRUE(failed_with(AgentLink::dial(elsewhere, 100ms), std::errc::permission_denied));
  }
}

}  // namespace
}  // namespace squall::control
