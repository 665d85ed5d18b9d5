#include "generators/transport/dial.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/small_dns_server.h"

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using reports::ErrorClass;

/// A shard with a listener that accepts, and says nothing.
class DialTest : public testing::Test {
 protected:
  Dialled dial(const Url& url) {
    options.timeout = 300ms;
    TcpDialer dialer(loop, options);
    return dial_with(dialer, url);
  }

  Dialled dial_with(TcpDialer& dialer, const Url& url) {
    loop.restart();
    std::optional<Dialled> dialled;
    auto attempt = dialer.dial(url, [&dialled](Dialled done) { dialled = std::move(done); });
    EXPECT_FALSE(dialled) << "done is never called from dial()";
    const auto give_up = std::chrono::steady_clock::now() + 5s;
    while (!dialled && std::chrono::steady_clock::now() < give_up) loop.run_one_for(10ms);
    EXPECT_TRUE(dialled);
    return dialled ? std::move(*dialled) : Dialled{};
  }

  Url url(const std::string& scheme, const std::string& host) const {
    return {scheme, host, listener.local_endpoint().port(), "/"};
  }

  asio::io_context loop{1};
  tcp::acceptor listener{loop, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
  DialOptions options;
};

TEST_F(DialTest, ConnectsToAnAddress) {
  const Dialled dialled = dial(url("http", "127.0.0.1"));
  ASSERT_TRUE(dialled.stream);
  EXPECT_EQ(dialled.error, ErrorClass::kNone);
  EXPECT_TRUE(dialled.connect);
  EXPECT_FALSE(dialled.resolve);
  EXPECT_FALSE(dialled.tls);
  std::array<char, 8> buffer{};
  EXPECT_EQ(dialled.stream->read(buffer).kind, IoStep::Kind::kWantRead);
  EXPECT_EQ(dialled.stream->write("hello").bytes, 5U);
  EXPECT_EQ(dialled.stream->sent(), 5U);
}

TEST_F(DialTest, TriesTheNextAddressWhenOneRefuses) {
  options.resolve["edge.example"] = {"127.0.0.2", "::1", "127.0.0.1"};
  EXPECT_TRUE(dial(url("http", "edge.example")).stream);
}

TEST_F(DialTest, LooksNamesUp) {
  const Dialled dialled = dial(url("http", "localhost"));
  EXPECT_TRUE(dialled.stream) << dialled.why;
  EXPECT_TRUE(dialled.resolve);
}

TEST_F(DialTest, SaysWhichAddressItDialled) {
  const std::string port = std::to_string(listener.local_endpoint().port());
  EXPECT_EQ(dial(url("http", "127.0.0.1")).address, "127.0.0.1:" + port);
  options.resolve["edge.example"] = {"127.0.0.2"};
  EXPECT_EQ(dial(url("http", "edge.example")).address, "127.0.0.2:" + port) << "also when refused";
  options.resolve["edge.example"] = {"::1"};
  EXPECT_EQ(dial(url("http", "edge.example")).address, "[::1]:" + port);
  options.resolve["edge.example"] = {};
  EXPECT_EQ(dial(url("http", "edge.example")).address, "");
}

TEST_F(DialTest, TakesTurnsOverTheAddressesOfAName) {
  tcp::acceptor everywhere(loop, tcp::endpoint(asio::ip::address_v4::any(), 0));
  const std::uint16_t port = everywhere.local_endpoint().port();
  options.resolve["edge.example"] = {"127.0.0.1", "127.0.0.2", "127.0.0.3"};
  options.timeout = 300ms;
  options.turn = 1;
  TcpDialer dialer(loop, options);
  std::map<std::string, int> times;
  std::string first;
  for (int i = 0; i < 9; ++i) {
    const std::string address = dial_with(dialer, {"http", "edge.example", port, "/"}).address;
    if (i == 0) first = address;
    ++times[address.substr(0, address.find(':'))];
  }
  EXPECT_EQ(first, "127.0.0.2:" + std::to_string(port));
  EXPECT_EQ(times,
            (std::map<std::string, int>{{"127.0.0.1", 3}, {"127.0.0.2", 3}, {"127.0.0.3", 3}}));
}

TEST_F(DialTest, FollowsAChangeInTheDnsWhenTheAnswerHasRunOut) {
  tcp::acceptor everywhere(loop, tcp::endpoint(asio::ip::address_v4::any(), 0));
  const Url edge{"http", "edge.test", everywhere.local_endpoint().port(), "/"};
  test::SmallDnsServer server(loop);
  server.names["edge.test"] = {{"127.0.0.1"}, 1};
  options.timeout = 3s;
  options.resolver = std::make_shared<Resolver>(loop, server.address());
  TcpDialer dialer(loop, options);
  const Dialled first = dial_with(dialer, edge);
  EXPECT_TRUE(first.address.starts_with("127.0.0.1:"));
  EXPECT_TRUE(first.resolve);

  server.names["edge.test"] = {{"127.0.0.2"}, 1};
  const Dialled second = dial_with(dialer, edge);
  EXPECT_TRUE(second.address.starts_with("127.0.0.1:")) << "the answer still holds";
  EXPECT_FALSE(second.resolve) << "nothing was looked up";

  const auto give_up = std::chrono::steady_clock::now() + 5s;
  std::string address;
  while (!address.starts_with("127.0.0.2:") && std::chrono::steady_clock::now() < give_up) {
    loop.run_for(50ms);  // A TTL is in whole seconds.
    address = dial_with(dialer, edge).address;
  }
  EXPECT_TRUE(address.starts_with("127.0.0.2:")) << address;
  EXPECT_EQ(server.questions, 2);

  server.names.clear();
  options.resolver = std::make_shared<Resolver>(loop, server.address());
  EXPECT_EQ(dial(edge).error, ErrorClass::kResolve);
}

TEST_F(DialTest, LeavesFromTheSourceAddressesInTurn) {
  options.source = *SourceAddresses::make({"127.0.1.0/29", "::1"});
  options.timeout = 300ms;
  options.turn = 5;
  TcpDialer dialer(loop, options);
  std::vector<std::string> sources;
  for (int i = 0; i < 3; ++i) {
    const Dialled dialled = dial_with(dialer, url("http", "127.0.0.1"));
    ASSERT_TRUE(dialled.stream) << dialled.why;
    sources.push_back(listener.accept().remote_endpoint().address().to_string());
  }
  EXPECT_EQ(sources, (std::vector<std::string>{"127.0.1.6", "127.0.1.1", "127.0.1.2"}));
}

TEST_F(DialTest, SaysWhatStandsBehindARelayNotWhereTheRelayIs) {
  Url there = url("http", "edge.example");
  there.relay = Relay{.address = "127.0.0.1", .port = there.port};
  there.port = 8443;
  EXPECT_EQ(dial(there).address, "edge.example:8443");
  there.host = "::1";
  const Dialled dialled = dial(there);
  EXPECT_TRUE(dialled.stream);
  EXPECT_EQ(dialled.address, "[::1]:8443");
}

TEST_F(DialTest, SaysThatASourceAddressIsNotOurs) {
  options.source = *SourceAddresses::make({"192.0.2.1"});  // RFC 5737: nobody's.
  const Dialled dialled = dial(url("http", "127.0.0.1"));
  EXPECT_EQ(dialled.error, ErrorClass::kConnect);
  EXPECT_EQ(dialled.why, "bind to the source address 192.0.2.1: Cannot assign requested address");
  options.source = *SourceAddresses::make({"::1"});
  const Dialled other = dial(url("http", "127.0.0.1"));
  EXPECT_EQ(other.error, ErrorClass::kConnect);
  EXPECT_NE(other.why.find("no source address is of IPv4"), std::string::npos) << other.why;
}

TEST_F(DialTest, SaysThatNobodyListens) {
  const Url there = url("http", "127.0.0.1");
  listener.close();
  const Dialled dialled = dial(there);
  EXPECT_FALSE(dialled.stream);
  EXPECT_EQ(dialled.error, ErrorClass::kConnect);
  EXPECT_NE(dialled.why.find("refused"), std::string::npos) << dialled.why;
}

TEST_F(DialTest, SaysThatANameHasNoAddress) {
  options.resolve["edge.example"] = {};
  EXPECT_EQ(dial(url("http", "edge.example")).error, ErrorClass::kResolve);
}

TEST_F(DialTest, GivesUpOnAHandshakeThatGetsNoAnswer) {
  options.tls = std::make_shared<const TlsContext>(*TlsContext::make({}, "", {"h2"}));
  const auto before = std::chrono::steady_clock::now();
  const Dialled dialled = dial(url("https", "127.0.0.1"));
  EXPECT_EQ(dialled.error, ErrorClass::kTls);
  EXPECT_EQ(dialled.why, "timed out");
  EXPECT_GE(std::chrono::steady_clock::now() - before, 290ms);
}

TEST_F(DialTest, AnAttemptThatIsGivenUpIsNeverHeardOfAgain) {
  options.timeout = 300ms;
  TcpDialer dialer(loop, options);
  bool called = false;
  dialer.dial(url("http", "127.0.0.1"), [&called](const Dialled&) { called = true; }).reset();
  loop.run_for(50ms);
  EXPECT_FALSE(called);
}

}  // namespace
}  // namespace squall::generators
