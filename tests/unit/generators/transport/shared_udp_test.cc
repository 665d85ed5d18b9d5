#include "generators/transport/shared_udp.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using asio::ip::udp;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr ConnectionIds::Id kFirst{1, 1, 1, 1, 1, 1, 1, 1};
constexpr ConnectionIds::Id kSecond{2, 2, 2, 2, 2, 2, 2, 2};
constexpr ConnectionIds::ResetToken kToken{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9};

std::string text_of(const auto& bytes) { return {bytes.begin(), bytes.end()}; }
std::string with_short_header(const ConnectionIds::Id& id, const std::string& rest) {
  return "\x40" + text_of(id) + rest;
}
std::string with_long_header(const ConnectionIds::Id& id, const std::string& rest) {
  return std::string("\xc0\0\0\0\1\x08", 6) + text_of(id) + rest;
}

/// A connection that keeps what it was told.
class Told final : public SharedRoute::Reader {
 public:
  explicit Told(std::shared_ptr<SharedRoute> way) : route(std::move(way)) { route->listen(this); }
  void on_route_readable() override {
    if (route->has_failed()) {
      ++failures;
      return;
    }
    for (const auto& datagram : route->take().datagrams) {
      heard.emplace_back(datagram.begin(), datagram.end());
    }
    if (ends_when_told) route.reset();
  }
  void on_route_writable() override { ++writable; }

  std::shared_ptr<SharedRoute> route;
  std::vector<std::string> heard;
  int failures = 0;
  int writable = 0;
  bool ends_when_told = false;
};

class SharedSocketsTest : public testing::Test {
 protected:
  SharedSocketsTest() { peer.bind({asio::ip::make_address("127.0.0.1"), 0}); }

  std::shared_ptr<SharedRoute> route() {
    auto made = sockets->route(peer.local_endpoint(), std::nullopt);
    EXPECT_TRUE(ok(made));
    return *std::move(made);
  }
  /// What has been sent to the peer is read, so that it knows the port.
  std::uint16_t port_of(const SharedRoute& one) { return one.socket().local().port(); }
  void tell(const SharedRoute& one, const std::string& datagram) {
    peer.send_to(asio::buffer(datagram), one.socket().local());
  }
  /// Lets the loop work until that is so; false when it is not in time.
  template <class Condition>
  bool comes(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!condition() && std::chrono::steady_clock::now() < until) {
      loop.restart();
      loop.run_for(5ms);
    }
    return condition();
  }

  asio::io_context loop{1};
  udp::socket peer{loop, udp::v4()};
  std::shared_ptr<SharedSockets> sockets = std::make_shared<SharedSockets>(loop);
};

TEST_F(SharedSocketsTest, DatagramsFindTheirConnectionByItsId) {
  Told first(route());
  Told second(route());
  EXPECT_EQ(port_of(*first.route), port_of(*second.route));
  EXPECT_TRUE(first.route->add(kFirst));
  EXPECT_TRUE(second.route->add(kSecond));
  EXPECT_FALSE(second.route->add(kFirst)) << "that is another one's";
  const std::string handshake = with_long_header(kSecond, "hello");
  const std::string data = with_short_header(kFirst, "data");
  tell(*first.route, "\x40nobody knows that one");
  tell(*first.route, "");
  tell(*first.route, "\xc0");
  tell(*first.route, handshake);
  tell(*first.route, data);
  ASSERT_TRUE(comes([&] { return first.heard.size() + second.heard.size() >= 2; }));
  EXPECT_THAT(first.heard, ElementsAre(data));
  EXPECT_THAT(second.heard, ElementsAre(handshake));
  EXPECT_EQ(first.route->received(), data.size());
  EXPECT_EQ(first.route->datagrams(), 1U);
  EXPECT_EQ(second.route->received(), handshake.size());
}

TEST_F(SharedSocketsTest, AStatelessResetFindsItsConnectionByItsToken) {
  Told first(route());
  Told second(route());
  first.route->add(kFirst);
  second.route->add(kSecond);
  second.route->add_reset(kToken);
  const std::string reset = "\x40" + std::string(20, 'r') + text_of(kToken);
  const std::string too_short = "\x40rrr" + text_of(kToken);
  tell(*first.route, too_short);
  tell(*first.route, reset);
  ASSERT_TRUE(comes([&] { return !second.heard.empty(); }));
  EXPECT_THAT(first.heard, IsEmpty());
  EXPECT_THAT(second.heard, ElementsAre(reset));
  second.route->remove_reset(kToken);
  tell(*first.route, reset);
  tell(*first.route, with_short_header(kFirst, "last"));
  ASSERT_TRUE(comes([&] { return !first.heard.empty(); }));
  EXPECT_EQ(second.heard.size(), 1U);
}

TEST_F(SharedSocketsTest, AConnectionThatHasEndedIsForgottenAndThePortIsKept) {
  Told first(route());
  first.route->add(kFirst);
  const std::uint16_t port = port_of(*first.route);
  first.route.reset();
  EXPECT_TRUE(comes([&] { return loop.stopped(); })) << "nothing is waited for without any";
  Told again(route());
  EXPECT_EQ(port_of(*again.route), port);
  EXPECT_TRUE(again.route->add(kFirst)) << "the ID is free again";
  tell(*again.route, with_short_header(kFirst, "x"));
  EXPECT_TRUE(comes([&] { return again.heard.size() == 1; }));
}

TEST_F(SharedSocketsTest, AnyMayEndWhileTheyAreTold) {
  Told first(route());
  Told second(route());
  first.route->add(kFirst);
  second.route->add(kSecond);
  first.ends_when_told = second.ends_when_told = true;
  const SharedRoute& any = *first.route;
  const std::string one = with_short_header(kFirst, "x");
  const std::string other = with_short_header(kSecond, "x");
  tell(any, one);
  tell(any, other);
  tell(any, one);
  EXPECT_TRUE(comes([&] { return !first.route && !second.route; }));
  sockets.reset();
  EXPECT_TRUE(comes([&] { return loop.stopped(); }));
}

TEST_F(SharedSocketsTest, ANewPortIsOneForAllAndComesOnceForEachMoment) {
  Told first(route());
  Told second(route());
  second.route->add(kSecond);
  const auto old = first.route->socket().local();
  const Instant when = std::chrono::steady_clock::now();
  ASSERT_TRUE(ok(first.route->rebind(when)));
  const std::uint16_t fresh = port_of(*first.route);
  EXPECT_NE(fresh, old.port());
  ASSERT_TRUE(ok(second.route->rebind(when)));
  EXPECT_EQ(port_of(*second.route), fresh);
  peer.send_to(asio::buffer(with_short_header(kSecond, "old")), old);
  tell(*second.route, with_short_header(kSecond, "new"));
  ASSERT_TRUE(comes([&] { return !second.heard.empty(); }));
  EXPECT_THAT(second.heard, ElementsAre(with_short_header(kSecond, "new")));
  ASSERT_TRUE(ok(first.route->rebind(when + 1s)));
  EXPECT_NE(port_of(*second.route), fresh);
}

TEST_F(SharedSocketsTest, WhoHasGoneOverHearsNoMoreOfTheOldSocket) {
  Told first(route());
  Told second(route());
  first.route->add(kFirst);
  second.route->add(kSecond);
  auto other = first.route->beside(asio::ip::make_address("127.0.0.2"));
  ASSERT_TRUE(ok(other));
  first.route->go_over(*std::move(other));
  EXPECT_EQ(first.route->socket().local().address().to_string(), "127.0.0.2");
  tell(*second.route, with_short_header(kFirst, "old way"));
  tell(*second.route, with_short_header(kSecond, "x"));
  ASSERT_TRUE(comes([&] { return !second.heard.empty(); }));
  tell(*first.route, with_short_header(kFirst, "new way"));
  ASSERT_TRUE(comes([&] { return !first.heard.empty(); }));
  EXPECT_THAT(first.heard, ElementsAre(with_short_header(kFirst, "new way")));
}

TEST_F(SharedSocketsTest, ThatNobodyListensIsToldToAllThatShareTheSocket) {
  Told first(route());
  Told second(route());
  peer.close();
  first.route->socket().send(std::string(100, 'x'), 100, Ecn::kNone);
  EXPECT_TRUE(comes([&] { return first.failures == 1 && second.failures == 1; }));
}

TEST_F(SharedSocketsTest, WhoWaitsToSendIsToldOnce) {
  Told first(route());
  Told second(route());
  first.route->wait_writable();
  EXPECT_TRUE(comes([&] { return first.writable == 1; }));
  second.route->wait_writable();
  EXPECT_TRUE(comes([&] { return second.writable == 1; }));
  EXPECT_EQ(first.writable, 1);
}

TEST_F(SharedSocketsTest, WhatTheKernelDropsIsToldOfOnceOnly) {
  Told first(route());
  Told second(route());
  first.route->add(kFirst);
  second.route->add(kSecond);
  // More than any receive buffer takes that this has asked for; nobody reads meanwhile.
  const std::string large = with_short_header(kFirst, std::string(60'000, 'x'));
  for (int i = 0; i < 400; ++i) tell(*first.route, large);
  ASSERT_TRUE(comes([&] { return !first.heard.empty(); }));
  // There may still be no room for these: again and again, until some have come.
  ASSERT_TRUE(comes([&] {
    tell(*first.route, with_short_header(kFirst, "x"));
    tell(*second.route, with_short_header(kSecond, "x"));
    return second.heard.size() >= 3;
  }));
  EXPECT_GT(first.route->socket().dropped(), 0U);
  EXPECT_EQ(first.route->dropped() + second.route->dropped(), first.route->socket().dropped());
}

}  // namespace
}  // namespace squall::generators
