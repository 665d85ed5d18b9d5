#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/link/link_fixture.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class TcpLink : public LinkTest {
 protected:
  void SetUp() override { open_tcp(); }

  /// What ends the wait for a byte: 0 is an orderly end, ECONNRESET a reset.
  static int how_it_ended(int descriptor) {
    if (!is_readable(descriptor, kPatience)) return ETIMEDOUT;
    char byte = 0;
    return ::recv(descriptor, &byte, 1, 0) < 0 ? errno : 0;
  }
};

TEST_F(TcpLink, PassesEverythingBothWaysWhenNothingIsInForce) {
  auto [client, server] = connection();
  const std::string much(3'000'000, 'u');
  std::thread sender([&, to = client.get()] { EXPECT_TRUE(write_all(to, much)); });
  EXPECT_EQ(read_all(server.get(), much.size()), much);
  sender.join();
  EXPECT_LT(time_of_a_byte(server.get(), client.get()), 500ms);
}

TEST_F(TcpLink, PassesTheEndOfOneDirectionAndKeepsTheOther) {
  auto [client, server] = connection();
  ASSERT_TRUE(write_all(client.get(), "last"));
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(read_all(server.get(), 5), "last");  // And then the end.
  ASSERT_TRUE(write_all(server.get(), "answer"));
  EXPECT_EQ(read_all(client.get(), 6), "answer");
  server.reset();
  EXPECT_EQ(how_it_ended(client.get()), 0);
}

TEST_F(TcpLink, PassesAResetOn) {
  auto [client, server] = connection();
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(server.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  server.reset();
  EXPECT_EQ(how_it_ended(client.get()), ECONNRESET);
}

TEST_F(TcpLink, DelaysEachWayAsAskedAndOnlyWhileItIsInForce) {
  auto [client, server] = connection();
  time_of_a_byte(client.get(), server.get());
  LinkFault fault;
  fault.up.delay = 300ms;
  fault.down.delay = 100ms;
  begin(fault);
  EXPECT_GE(time_of_a_byte(client.get(), server.get()), 300ms);
  const Duration down = time_of_a_byte(server.get(), client.get());
  EXPECT_GE(down, 100ms);
  EXPECT_LT(down, 300ms);
  const auto finding = end();
  EXPECT_TRUE(finding.took) << finding.why_not;
  EXPECT_THAT(finding.seen, HasSubstr("up: delay 30"));
  EXPECT_LT(time_of_a_byte(client.get(), server.get()), 100ms);
}

TEST_F(TcpLink, LetsANewConnectionPayForItsHandshake) {
  LinkFault fault;
  fault.up.delay = fault.down.delay = 100ms;
  begin(fault);
  const auto began = Clock::now();
  auto [client, server] = connection();
  EXPECT_GE(Clock::now() - began, 200ms);  // Until the target saw it.
}

TEST_F(TcpLink, StallsAConnectionAndNotTheOthersWhenASegmentIsLost) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.up.loss = {1};
  begin(fault);
  const auto began = Clock::now();
  ASSERT_TRUE(write_all(client.get(), "x"));
  ASSERT_FALSE(is_readable(server.get(), 300));
  EXPECT_TRUE(end().took);
  auto [other, its_server] = connection();
  EXPECT_LT(time_of_a_byte(other.get(), its_server.get()), 1s);
  EXPECT_FALSE(is_readable(server.get(), 0));  // It waits for 12.6 s, and so does what follows.
  EXPECT_LT(Clock::now() - began, 12s);
}

TEST_F(TcpLink, HoldsBackAReaderThatIsTooSlow) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.up.delay = 1ms;
  begin(fault);
  std::size_t sent = 0;  // Until all buffers on the way are full: nobody reads.
  const std::string chunk(64UL * 1024, 'x');
  pollfd room{.fd = client.get(), .events = POLLOUT, .revents = 0};
  while (sent < 256UL * 1024 * 1024 && ::poll(&room, 1, 500) == 1) {
    const auto more = ::send(client.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (more > 0) sent += static_cast<std::size_t>(more);
  }
  EXPECT_LT(sent, 64UL * 1024 * 1024);
  EXPECT_EQ(read_all(server.get(), sent).size(), sent);  // And nothing of it is lost.
}

TEST_F(TcpLink, PassesNoMoreThanTheRateAllows) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.up.rate_bits_per_second = 8e6;  // A byte each µs.
  begin(fault);
  const std::string half_a_second(500'000, 'x');
  const auto began = Clock::now();
  std::thread sender([&, to = client.get()] { EXPECT_TRUE(write_all(to, half_a_second)); });
  EXPECT_EQ(read_all(server.get(), half_a_second.size()).size(), half_a_second.size());
  EXPECT_GE(Clock::now() - began, 490ms);
  sender.join();
  EXPECT_TRUE(end().took);
}

TEST_F(TcpLink, WritesInSlicesWithAGapBetweenThem) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.up.slice = Bytes{10};
  fault.up.slice_gap = 20ms;
  begin(fault);
  const auto began = Clock::now();
  ASSERT_TRUE(write_all(client.get(), std::string(100, 'x')));
  std::string buffer(100, '\0');
  ASSERT_TRUE(is_readable(server.get(), kPatience));
  EXPECT_LT(::recv(server.get(), buffer.data(), buffer.size(), 0), 100);
  EXPECT_LT(read_all(server.get(), 90).size(), 100U);
  EXPECT_GE(Clock::now() - began, 150ms);
}

TEST_F(TcpLink, IsABlackHoleThatHoldsWhatCameUntilItEnds) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.black_hole = true;
  begin(fault);
  ASSERT_TRUE(write_all(client.get(), "held"));
  UniqueFd late = connect_to(relay());  // Its own kernel says yes; nobody else says anything.
  ASSERT_TRUE(late);
  EXPECT_FALSE(is_readable(server.get(), 200));
  EXPECT_FALSE(is_readable(client.get(), 0));
  EXPECT_FALSE(is_readable(listener_.get(), 0));
  const auto finding = end();
  EXPECT_TRUE(finding.took) << finding.why_not;
  EXPECT_THAT(finding.seen, HasSubstr("2 streams or connections held"));
  EXPECT_EQ(read_all(server.get(), 4), "held");
  EXPECT_TRUE(accept());
}

TEST_F(TcpLink, RefusesNewConnectionsKeepsOldOnesAndItsPort) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.refuse = true;
  begin(fault);
  EXPECT_FALSE(connect_to(relay()));
  EXPECT_EQ(errno, ECONNREFUSED);
  time_of_a_byte(client.get(), server.get());
  const LinkFinding finding = end();
  EXPECT_TRUE(finding.took);
  EXPECT_THAT(finding.seen, testing::HasSubstr("2 of 2 connections that were tried by us refused"));
  auto [again, its_server] = connection();
  time_of_a_byte(again.get(), its_server.get());
}

TEST_F(TcpLink, LeavesNewConnectionsHalfOpenAndResetsThemInTheEnd) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.half_open = true;
  begin(fault);
  UniqueFd half = connect_to(relay());
  ASSERT_TRUE(half);
  EXPECT_FALSE(is_readable(listener_.get(), 200));
  time_of_a_byte(client.get(), server.get());
  EXPECT_TRUE(end().took);
  EXPECT_EQ(how_it_ended(half.get()), ECONNRESET);
}

TEST_F(TcpLink, ResetsBothSidesAfterSoManyBytes) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.reset_after_bytes = Bytes{1000};
  begin(fault);
  ASSERT_TRUE(write_all(client.get(), std::string(1000, 'x')));
  EXPECT_EQ(read_all(server.get(), 1000).size(), 1000U);
  ASSERT_TRUE(write_all(client.get(), "x"));
  EXPECT_EQ(how_it_ended(client.get()), ECONNRESET);
  EXPECT_EQ(how_it_ended(server.get()), ECONNRESET);
  EXPECT_TRUE(end().took);
}

TEST_F(TcpLink, ResetsConnectionsAtTheirTime) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.reset_after = 100ms;
  const auto began = Clock::now();
  begin(fault);
  auto [later, its_server] = connection();
  EXPECT_EQ(how_it_ended(client.get()), ECONNRESET);
  EXPECT_GE(Clock::now() - began, 100ms);
  EXPECT_EQ(how_it_ended(later.get()), ECONNRESET);
  EXPECT_THAT(end().seen, HasSubstr("2 connections reset"));
}

TEST_F(TcpLink, PassesTheEndOfAStreamOnLateWhenItClosesSlowly) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.slow_close = 200ms;
  begin(fault);
  ASSERT_TRUE(write_all(client.get(), "x"));
  const auto began = Clock::now();
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(read_all(server.get(), 2), "x");
  EXPECT_GE(Clock::now() - began, 200ms);
  EXPECT_TRUE(end().took);
}

TEST_F(TcpLink, GoesOnAndOffByItsPulse) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.up.delay = 150ms;
  begin(fault, Pulse{.on = 100ms, .off = 10s});
  EXPECT_GE(time_of_a_byte(client.get(), server.get()), 150ms);
  EXPECT_LT(time_of_a_byte(client.get(), server.get()), 150ms);  // Off by now.
  EXPECT_EQ(judge(fault_, links_->counted("edge")).seen.rfind("up: ", 0), 0U);
  end();
}

TEST_F(TcpLink, RefusesASecondFaultUntilTheFirstHasEnded) {
  LinkFault fault;
  fault.up.delay = 1ms;
  begin(fault);
  EXPECT_FALSE(links_->begin(fault_, {}, 7));
  EXPECT_EQ(end().why_not, "nothing passed through it");
  EXPECT_TRUE(ok(links_->end("edge")));  // Again: there is nothing to do.
  EXPECT_TRUE(ok(links_->begin(fault_, {}, 7)));
}

TEST_F(TcpLink, RelaysManyConnectionsAtOnce) {
  LinkFault fault;
  fault.up.delay = fault.down.delay = 20ms;
  begin(fault);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(connect_to(relay()));
    ASSERT_TRUE(clients.back());
    ASSERT_TRUE(write_all(clients.back().get(), std::to_string(1000 + i)));
  }
  std::vector<UniqueFd> servers;
  for (int i = 0; i < 200; ++i) {  // What one says comes back to it.
    servers.push_back(accept());
    ASSERT_TRUE(servers.back());
    ASSERT_TRUE(write_all(servers.back().get(), read_all(servers.back().get(), 4)));
  }
  for (int i = 0; i < 200; ++i) {
    const auto& client = clients[static_cast<std::size_t>(i)];
    EXPECT_EQ(read_all(client.get(), 4), std::to_string(1000 + i));
  }
  EXPECT_TRUE(end().took);
}

TEST_F(TcpLink, ResetsTheLoadWhenTheTargetRefuses) {
  listener_.reset();
  UniqueFd client = connect_to(relay());
  ASSERT_TRUE(client);
  EXPECT_EQ(how_it_ended(client.get()), ECONNRESET);
}

TEST_F(TcpLink, EndsWithConnectionsOpenAndFaultsInForce) {
  auto [client, server] = connection();
  LinkFault fault;
  fault.up.delay = 10s;
  begin(fault);
  ASSERT_TRUE(write_all(client.get(), "never"));
  const auto began = Clock::now();
  links_.reset();
  EXPECT_LT(Clock::now() - began, 5s);
  EXPECT_EQ(read_all(server.get(), 1), "");
}

}  // namespace
}  // namespace squall::faults
