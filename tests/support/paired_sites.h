#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include "generators/transport/dial.h"
#include "generators/transport/tcp.h"
#include "harness/runtime/asio.h"

#include "tests/support/h2_server_session.h"

namespace squall::test {

/// A server's end of one connection: HTTP/2 over a socket pair, on the loop of the test. It asks
/// `behaviour` what to do with each request.
class PairedConnection : public std::enable_shared_from_this<PairedConnection> {
 public:
  using Behaviour = std::function<void(PairedConnection&, std::int32_t stream)>;

  PairedConnection(asio::io_context& loop, UniqueFd socket, Behaviour behaviour)
      : behaviour_(std::move(behaviour)),
        stream_(std::move(socket)),
        waiter_(loop, stream_.descriptor()) {
    session.answers = false;
  }
  ~PairedConnection() { close(); }
  PairedConnection(const PairedConnection&) = delete;
  PairedConnection& operator=(const PairedConnection&) = delete;

  void serve() {
    flush();
    waiter_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& aborted) {
                         if (!aborted && self->read() && !self->closed_) self->serve();
                       });
  }
  /// Sends what the session has to say now, rather than after what is being read.
  void flush() { stream_.write(session.take_output()); }
  /// Without a word.
  void close() {
    if (std::exchange(closed_, true)) return;
    ::shutdown(stream_.descriptor(), SHUT_RDWR);
    waiter_.release();
    ended = std::chrono::steady_clock::now();
  }

  H2ServerSession session;
  std::size_t served = 0;  ///< Requests that arrived here.
  Instant began = std::chrono::steady_clock::now();
  Instant ended{};

 private:
  bool read() {
    std::array<char, 65536> buffer{};
    const generators::IoStep step = stream_.read(buffer);
    if (step.kind == generators::IoStep::Kind::kWantRead) return true;
    if (step.kind != generators::IoStep::Kind::kDone ||
        !session.receive({buffer.data(), step.bytes})) {
      close();
      return false;
    }
    for (auto& [id, request] : session.requests) {
      if (closed_ || id <= last_ || !request.whole) continue;
      last_ = id;
      ++served;
      behaviour_(*this, id);
    }
    return true;
  }

  Behaviour behaviour_;
  generators::TcpStream stream_;
  asio::posix::stream_descriptor waiter_;  // Borrows the descriptor; released, never closed.
  std::int32_t last_ = 0;
  bool closed_ = false;
};

/// What stands at one port: a server that can go down and come up again.
struct PairedSite {
  bool up = true;
  Duration dial_takes{};
  PairedConnection::Behaviour behaviour = [](PairedConnection& connection, std::int32_t stream) {
    connection.session.answer(stream, 200, 5);
  };
  std::vector<Instant> dials;
  std::vector<std::shared_ptr<PairedConnection>> connections;  ///< Those of the past as well.

  std::size_t served() const {
    std::size_t sum = 0;
    for (const auto& connection : connections) sum += connection->served;
    return sum;
  }
  void go_down() {
    up = false;
    for (const auto& connection : connections) connection->close();
  }
};

/// Connects to sites of this process, by port.
class PairedSites final : public generators::Dialer {
 public:
  explicit PairedSites(asio::io_context& loop) : loop_(loop) {}
  ~PairedSites() override {
    for (auto& [port, site] : at) site.go_down();
  }
  PairedSites(const PairedSites&) = delete;
  PairedSites& operator=(const PairedSites&) = delete;

  std::unique_ptr<Attempt> dial(const generators::Url& url, Done done) override {
    auto pending = std::make_unique<Pending>(loop_);
    PairedSite& site = at[url.port];
    site.dials.push_back(std::chrono::steady_clock::now());
    pending->timer.expires_after(site.dial_takes);
    pending->timer.async_wait(
        [this, url, call = std::move(done),
         given_up = std::weak_ptr<bool>(pending->alive)](const boost::system::error_code& aborted) {
          if (!aborted && !given_up.expired()) call(connect(url));
        });
    return pending;
  }

  std::map<std::uint16_t, PairedSite> at;

 private:
  struct Pending final : Attempt {
    explicit Pending(asio::io_context& loop) : timer(loop) {}
    asio::steady_timer timer;
    std::shared_ptr<bool> alive = std::make_shared<bool>(true);
  };

  generators::Dialled connect(const generators::Url& url) {
    PairedSite& site = at[url.port];
    generators::Dialled dialled;
    dialled.address = "127.0.0.1:" + std::to_string(url.port);
    if (!site.up) {
      dialled.error = reports::ErrorClass::kConnect;
      dialled.why = "down";
      return dialled;
    }
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    site.connections.push_back(
        std::make_shared<PairedConnection>(loop_, UniqueFd(ends[1]), site.behaviour));
    site.connections.back()->serve();
    dialled.stream = std::make_unique<generators::TcpStream>(UniqueFd(ends[0]));
    dialled.connect = std::chrono::microseconds(1);
    return dialled;
  }

  asio::io_context& loop_;
};

}  // namespace squall::test
