#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "faults/link/links.h"
#include "faults/link/socket_address.h"
#include "harness/base/unique_fd.h"
#include "harness/base/units.h"

#include "tests/support/result_matchers.h"

namespace squall::faults {

using Clock = std::chrono::steady_clock;

inline constexpr int kPatience = 5000;  // Milliseconds, after which a test has failed.

/// True when something can be read from it (or its end has come) within `ms`.
inline bool is_readable(int descriptor, int ms) {
  pollfd one{.fd = descriptor, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, ms) == 1;
}

/// A socket that blocks, of this type, bound to a free port of 127.0.0.1.
inline UniqueFd bound_socket(int type) {
  UniqueFd made(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const auto any = *make_address("127.0.0.1", 0);
  EXPECT_EQ(::bind(made.get(), any.data(), any.length), 0) << std::strerror(errno);
  return made;
}

/// A blocking socket connected to `address`; empty with errno when that failed.
inline UniqueFd connect_to(const SocketAddress& address, int type = SOCK_STREAM) {
  UniqueFd made(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  if (::connect(made.get(), address.data(), address.length) != 0) return {};
  const int on = 1;
  if (type == SOCK_STREAM) ::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return made;
}

/// Reads until there are `size` bytes, the end, an error, or no patience is left.
inline std::string read_all(int descriptor, std::size_t size) {
  std::string all;
  std::vector<char> buffer(64UL * 1024);
  while (all.size() < size && is_readable(descriptor, kPatience)) {
    const auto got =
        ::recv(descriptor, buffer.data(), std::min(buffer.size(), size - all.size()), 0);
    if (got <= 0) break;
    all.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return all;
}

/// Sends all of it, blocking.
inline bool write_all(int descriptor, const std::string& data) {
  for (std::size_t sent = 0; sent < data.size();) {
    const auto more = ::send(descriptor, data.data() + sent, data.size() - sent, MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += static_cast<std::size_t>(more);
  }
  return true;
}

/// A link with one relay before a TCP listener and a UDP socket of the test's own.
class LinkTest : public testing::Test {
 protected:
  void open_tcp() {
    listener_ = bound_socket(SOCK_STREAM);
    ASSERT_EQ(::listen(listener_.get(), SOMAXCONN), 0);
    open({.upstream = {*local_address(listener_.get())}});
  }

  void open_udp() {
    server_ = bound_socket(SOCK_DGRAM);
    const int room = 8 * 1024 * 1024;
    ::setsockopt(server_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    open({.upstream = {*local_address(server_.get())}, .relays_tcp = false, .relays_udp = true});
  }

  void open(LinkPlace place) {
    place.target = "edge";
    auto made = Links::make({std::move(place)});
    ASSERT_TRUE(ok(made));
    links_ = *std::move(made);
  }

  const SocketAddress& relay() const { return links_->addresses().front(); }
  UniqueFd accept() {
    if (!is_readable(listener_.get(), kPatience)) return {};
    return UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  /// The load's side and the target's side of a connection through the relay.
  std::pair<UniqueFd, UniqueFd> connection() {
    UniqueFd client = connect_to(relay());
    EXPECT_TRUE(client) << std::strerror(errno);
    UniqueFd server = accept();
    EXPECT_TRUE(server);
    return {std::move(client), std::move(server)};
  }

  void begin(LinkFault fault, std::optional<Pulse> pulse = {}) {
    fault_ = std::move(fault);
    fault_.target = "edge";
    ASSERT_TRUE(ok(links_->begin(fault_, pulse, 7)));
  }
  LinkFinding end() {
    EXPECT_TRUE(ok(links_->end("edge")));
    return judge(fault_, links_->counted("edge"));
  }
  /// How long a byte takes from one socket to the other.
  static Duration time_of_a_byte(int from, int to) {
    const auto began = Clock::now();
    EXPECT_TRUE(write_all(from, "x"));
    EXPECT_EQ(read_all(to, 1), "x");
    return Clock::now() - began;
  }

  UniqueFd listener_;
  UniqueFd server_;
  std::unique_ptr<Links> links_;
  LinkFault fault_;
};

}  // namespace squall::faults
