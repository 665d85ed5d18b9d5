#include "generators/transport/dial.h"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

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
