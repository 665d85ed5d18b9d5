#include "harness/control/strangers.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "harness/control/address.h"

#include "tests/support/result_matchers.h"

namespace squall::control {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kContent = 200;

/// The beginning of a handshake, whose ClientHello has kContent bytes.
std::string client_hello() {
  std::string bytes = {22, 3, 1, 0, static_cast<char>(kContent), 1};
  bytes.resize(5 + kContent, 'x');
  return bytes;
}

class StrangersTest : public testing::Test {
 protected:
  void open(Strangers::Limits limits) {
    auto opened = Strangers::open(
        Strangers::Speech::kTls, [this](UniqueFd fd) { handed_.push_back(std::move(fd)); },
        refusals_, limits);
    ASSERT_TRUE(ok(opened));
    strangers_ = *std::move(opened);
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&here), sizeof here), 0);
    ASSERT_EQ(::listen(listener_.get(), 8), 0);
  }
  /// The end of somebody who has come.
  UniqueFd come() {
    sockaddr_in there{};
    socklen_t size = sizeof there;
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&there), &size), 0);
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&there), size), 0);
    strangers_->take(UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    return fd;
  }
  static void say(const UniqueFd& who, const std::string& words) {
    EXPECT_EQ(::send(who.get(), words.data(), words.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(words.size()));
  }
  static std::string endpoint_of_this_end(const UniqueFd& who) {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    EXPECT_EQ(::getsockname(who.get(), reinterpret_cast<sockaddr*>(&own), &size), 0);
    return "127.0.0.1:" + std::to_string(ntohs(own.sin_port));
  }
  /// Looks until it is so, as the gate does; false where it is not, for long.
  template <typename Condition>
  bool becomes(Condition condition) {
    const auto deadline = Clock::now() + 20s;
    while (!condition()) {
      if (Clock::now() > deadline) return false;
      pollfd waiting{.fd = strangers_->waiting(), .events = POLLIN, .revents = 0};
      ::poll(&waiting, 1, 10);
      strangers_->look();
    }
    return true;
  }
  static bool is_shut(const UniqueFd& who) {
    char byte = 0;
    const ssize_t read = ::recv(who.get(), &byte, 1, MSG_DONTWAIT);
    return read == 0 || (read < 0 && errno != EAGAIN);
  }

  Refusals refusals_;
  std::vector<UniqueFd> handed_;
  std::unique_ptr<Strangers> strangers_;
  UniqueFd listener_;
};

TEST_F(StrangersTest, AreHandedOnWhenTheirFirstWordsAreWhole) {
  open({.begin_within = 60s});
  const UniqueFd who = come();
  const std::string words = client_hello();
  strangers_->look();
  EXPECT_TRUE(handed_.empty());
  say(who, words.substr(0, 3));
  strangers_->look();
  say(who, words.substr(3, 100));
  strangers_->look();
  EXPECT_TRUE(handed_.empty());
  say(who, words.substr(103));
  EXPECT_TRUE(becomes([&] { return handed_.size() == 1; }));
  std::string read(words.size(), '\0');
  EXPECT_EQ(::recv(handed_.front().get(), read.data(), read.size(), MSG_WAITALL),
            static_cast<ssize_t>(words.size()));
  EXPECT_EQ(read, words);
}

TEST_F(StrangersTest, WhoSayNothingOrSomethingElseAreNotHandedOn) {
  open({.begin_within = 100ms});
  const UniqueFd silent = come();
  const UniqueFd slow = come();
  say(slow, client_hello().substr(0, 20));
  const UniqueFd other = come();
  say(other, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(becomes([&] { return is_shut(silent) && is_shut(slow) && is_shut(other); }));
  EXPECT_TRUE(handed_.empty());
}

TEST_F(StrangersTest, WhoSendTooMuchBeforeTheyAreAdmittedAreShutOut) {
  open({.begin_within = 60s, .admitted_within = 60s, .most_bytes = 10'000});
  const UniqueFd greedy = come();
  const UniqueFd admitted = come();
  for (const UniqueFd* who : {&greedy, &admitted}) say(*who, client_hello());
  ASSERT_TRUE(becomes([&] { return handed_.size() == 2; }));
  strangers_->admit(endpoint_of_this_end(admitted));
  for (const UniqueFd* who : {&greedy, &admitted}) say(*who, std::string(20'000, 'x'));
  EXPECT_TRUE(becomes([&] { return is_shut(greedy); }));
  EXPECT_FALSE(is_shut(admitted));
}

TEST_F(StrangersTest, WhoDoNotSayWhoTheyAreAreShutOut) {
  open({.begin_within = 60s, .admitted_within = 100ms});
  const UniqueFd who = come();
  say(who, client_hello());
  ASSERT_TRUE(becomes([&] { return handed_.size() == 1; }));
  EXPECT_TRUE(becomes([&] { return is_shut(who); }));
}

TEST_F(StrangersTest, WaitTheirTurnWhereTooManyCome) {
  open({.begin_within = 60s, .admitted_within = 60s, .most_at_once = 1});
  const UniqueFd first = come();
  say(first, client_hello());
  ASSERT_TRUE(becomes([&] { return handed_.size() == 1; }));
  {
    const UniqueFd gone = come();
    say(gone, client_hello());
    strangers_->look();
  }
  const UniqueFd second = come();
  say(second, client_hello());
  for (int i = 0; i < 5; ++i) strangers_->look();
  EXPECT_EQ(handed_.size(), 1U);
  strangers_->admit(endpoint_of_this_end(first));
  EXPECT_TRUE(
      becomes([&] { return other_end_of(handed_.back().get()) == endpoint_of_this_end(second); }));
}

TEST_F(StrangersTest, AreForgottenWhenTheyHaveGone) {
  open({.begin_within = 60s, .admitted_within = 60s});
  {
    const UniqueFd silent = come();
    const UniqueFd known = come();
    say(known, client_hello());
    ASSERT_TRUE(becomes([&] { return handed_.size() == 1; }));
    EXPECT_LT(strangers_->patience_ms(), 1000);
  }
  EXPECT_TRUE(becomes([&] { return strangers_->patience_ms() >= 1000; }));
}

TEST(ClientHello, HasTheSizeThatItSays) {
  EXPECT_EQ(*client_hello_size(client_hello()), 5 + kContent);
  for (const std::size_t size : {0U, 1U, 5U}) {
    const auto known = client_hello_size(client_hello().substr(0, size));
    ASSERT_TRUE(ok(known)) << size;
    EXPECT_EQ(*known, 0U) << size;
  }
}

TEST(ClientHello, IsNothingElse) {
  using namespace std::string_literals;
  for (const std::string& bytes :
       {"G"s, "PRI * HTTP/2.0"s, "\x16\x02\x01"s, "\x15\x03\x01\0\2\1"s, "\x16\x03\x01\0\0\1"s,
        "\x16\x03\x01\x40\1\1"s, "\x16\x03\x01\0\4\2"s}) {
    EXPECT_TRUE(failed_with(client_hello_size(bytes), std::errc::protocol_error)) << bytes;
  }
}

}  // namespace
}  // namespace squall::control
