#include "faults/link/tcp_relay.h"

#include <cerrno>
#include <utility>

#include <poll.h>
#include <sys/socket.h>

#include "harness/base/log.h"

namespace squall::faults {
namespace {

using boost::system::error_code;

constexpr Duration kPauseWhenFull = std::chrono::milliseconds(20);

Result<UniqueFd> bind_to(const SocketAddress& address) {
  SQUALL_TRY(auto socket, open_socket(address, SOCK_STREAM));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(socket.get(), address.data(), address.length) != 0) {
    return system_error("bind to " + address.text());
  }
  return socket;
}

}  // namespace

TcpRelay::TcpRelay(LinkState& link, std::vector<SocketAddress> upstream)
    : link_(link), upstream_(std::move(upstream)), listener_(link.loop) {}

TcpRelay::~TcpRelay() = default;

Result<std::unique_ptr<TcpRelay>> TcpRelay::make(LinkState& link, const SocketAddress& listen,
                                                 std::vector<SocketAddress> upstream) {
  std::unique_ptr<TcpRelay> relay(new TcpRelay(link, std::move(upstream)));
  SQUALL_TRY(relay->place_, bind_to(listen));
  SQUALL_TRY(relay->address_, local_address(relay->place_.get()));
  if (auto listening = relay->listen(); !listening) return std::move(listening).error();
  return relay;
}

Result<void> TcpRelay::listen() {
  SQUALL_TRY(auto socket, bind_to(address_));
  if (::listen(socket.get(), SOMAXCONN) != 0) return system_error("listen at " + address_.text());
  listener_.assign(socket.release());
  return {};
}

void TcpRelay::start() { wait_to_accept(); }

bool TcpRelay::is_listening() {
  if (!listener_.is_open()) return false;
  int listens = 0;
  socklen_t size = sizeof(listens);
  return ::getsockopt(listener_.native_handle(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
         listens != 0;
}

Result<void> TcpRelay::heed_change() {
  const bool refuses = link_.fault && link_.fault->refuse;
  if (refuses && listener_.is_open()) {
    error_code ignored;
    listener_.close(ignored);
  } else if (!refuses && !listener_.is_open()) {
    if (auto listening = listen(); !listening) return listening;
    waits_ = false;
  }
  is_held_ = false;
  const auto all = connections_;  // Some may end meanwhile.
  for (const auto& [key, connection] : all) {
    // The two ends of a half-open connection have nothing to say to each other any more.
    connection->is_half_open() && !link_.is_half_open() ? connection->reset()
                                                        : connection->heed_change();
  }
  if (listener_.is_open()) accept();
  return {};
}

void TcpRelay::wait_to_accept() {
  if (std::exchange(waits_, true)) return;
  listener_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& no) {
    if (no) return;  // Closed; who closed it knows.
    waits_ = false;
    accept();
  });
}

void TcpRelay::accept() {
  while (true) {
    if (link_.holds_streams()) {
      // What waits in the kernel's queue is left there; heed_change() comes back for it.
      pollfd there{.fd = listener_.native_handle(), .events = POLLIN, .revents = 0};
      if (::poll(&there, 1, 0) <= 0) return wait_to_accept();
      if (!std::exchange(is_held_, true)) ++link_.tally.held;
      return;
    }
    UniqueFd client(
        ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client) {
      auto connection = std::make_shared<RelayedConnection>(
          link_, std::move(client), upstream_,
          [this](RelayedConnection& over) { connections_.erase(&over); });
      connections_.emplace(connection.get(), connection);
      connection->start();
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return wait_to_accept();
    } else if (errno != EINTR && errno != ECONNABORTED) {
      log_warning(system_error("link at " + address_.text() + ": accept").message());
      link_.agenda.at(std::chrono::steady_clock::now() + kPauseWhenFull, [this] {
        if (listener_.is_open()) accept();
      });
      return;
    }
  }
}

void TcpRelay::close() {
  error_code ignored;
  listener_.close(ignored);
  for (const auto& [key, connection] : std::exchange(connections_, {})) connection->drop();
}

}  // namespace squall::faults
