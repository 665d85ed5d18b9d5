#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "harness/base/unique_fd.h"

namespace squall::test {

/// What a ScriptedServer does with one connection, in steps that a test writes.
class Peer {
 public:
  Peer(int socket, const std::atomic<bool>& stopping) : socket_(socket), stopping_(stopping) {}

  /// Waits for the blank line after a request's header. False when the client has gone.
  bool hear_request() {
    for (;;) {
      const std::size_t end = heard_.find("\r\n\r\n");
      if (end != std::string::npos) {
        heard_.erase(0, end + 4);
        return true;
      }
      if (!wait(POLLIN)) return false;
      char buffer[4096];  // NOLINT: as recv() has it
      const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      heard_.append(buffer, static_cast<std::size_t>(got));
    }
  }

  void say(std::string_view text) {
    while (!text.empty() && !stopping_) {
      const ssize_t put = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (put <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(put));
    }
  }

  /// Says nothing until the client goes, or the test ends.
  void hang() {
    while (wait(POLLIN)) {
      char buffer[4096];  // NOLINT: as recv() has it
      if (::recv(socket_, buffer, sizeof buffer, 0) <= 0) return;
    }
  }

  void pause(std::chrono::milliseconds length) { std::this_thread::sleep_for(length); }
  bool is_stopping() const { return stopping_; }

 private:
  bool wait(short what) {
    while (!stopping_) {
      pollfd waiting{socket_, what, 0};
      if (::poll(&waiting, 1, 20) > 0) return true;
    }
    return false;
  }

  int socket_;
  const std::atomic<bool>& stopping_;
  std::string heard_;
};

/// A server that breaks rules on purpose: a thread for each connection, which closes when its
/// script has ended.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: POSIX has it so
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_.get(), generic, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 64), 0);
    EXPECT_EQ(::getsockname(listener_.get(), generic, &size), 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    stopping_ = true;
    acceptor_.join();
    for (std::thread& each : peers_) each.join();
  }

  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd waiting{listener_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!socket) continue;
      ++accepted_;
      peers_.emplace_back([this, held = std::move(socket)] {
        Peer peer(held.get(), stopping_);
        script_(peer);
      });
    }
  }

  Script script_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> accepted_ = 0;
  std::vector<std::thread> peers_;  // Of the acceptor alone, until it has ended.
  std::thread acceptor_;
};

}  // namespace squall::test
