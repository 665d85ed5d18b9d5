#include "harness/control/gate.h"

#include <cerrno>
#include <cstdint>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "harness/base/reason.h"
#include "harness/control/address.h"

namespace squall::control {
namespace {

/// When a connection cannot be accepted, the next attempt is made after this.
constexpr int kPauseMs = 100;

Error failed(int failure, const std::string& address) {
  return Error{std::error_code(failure, std::generic_category()), "listen on " + address};
}

void set(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

/// One listener; none, with errno, where it cannot be had.
UniqueFd listen_on(const sockaddr* name, socklen_t size) {
  UniqueFd fd(::socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fd;
  set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (name->sa_family == AF_INET6) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd.get(), name, size) != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
    const int why = errno;
    fd.reset();
    errno = why;
  }
  return fd;
}

int port_of(int listener) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  // The port stands at the same place in both.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&name)->sin_port);
}

}  // namespace

Result<std::unique_ptr<Gate>> Gate::open(const std::string& address) {
  std::unique_ptr<Gate> gate(new Gate);
  const HostAndPort where = split_address(address);
  std::string why;
  int failure = 0;
  const auto listen = [&](const HostAndPort& at) {
    const Addresses found = look_up(at, AI_PASSIVE, why);
    for (const addrinfo* one = found.get(); one != nullptr; one = one->ai_next) {
      UniqueFd listener = listen_on(one->ai_addr, one->ai_addrlen);
      if (!listener) failure = errno;
      // One of a name's addresses may be of a family that this machine does not have.
      if (listener) gate->listeners_.push_back(std::move(listener));
    }
    return !gate->listeners_.empty();
  };
  // One socket has both families, where this machine has both.
  const bool has_both = where.host == "0.0.0.0" && listen({.host = "::", .port = where.port});
  if (!has_both && !listen(where)) {
    if (failure == 0) {
      return reason(std::errc::address_not_available, "listen on " + address + ": " + why);
    }
    return failed(failure, address);
  }
  gate->port_ = port_of(gate->listeners_.front().get());
  gate->ending_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!gate->ending_) return failed(errno, address);
  return gate;
}

void Gate::shut() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  if (::write(ending_.get(), &one, sizeof one) != sizeof one) std::terminate();
  thread_.join();
}

Result<void> Gate::let_in(Strangers::Speech speech, Strangers::Hand hand, Refusals& refusals) {
  SQUALL_TRY(strangers_, Strangers::open(speech, std::move(hand), refusals));
  thread_ = std::thread([this, &refusals] {
    std::vector<pollfd> all{{.fd = ending_.get(), .events = POLLIN, .revents = 0},
                            {.fd = strangers_->waiting(), .events = POLLIN, .revents = 0}};
    const std::size_t first = all.size();
    for (const UniqueFd& listener : listeners_) {
      all.push_back({.fd = listener.get(), .events = POLLIN, .revents = 0});
    }
    while (true) {
      if (::poll(all.data(), all.size(), strangers_->patience_ms()) < 0 && errno != EINTR) return;
      if (all.front().revents != 0) return;
      for (std::size_t i = first; i < all.size(); ++i) {
        if (all[i].revents != 0) accept_from(all[i].fd, refusals);
      }
      strangers_->look();
    }
  });
  return {};
}

void Gate::accept_from(int listener, Refusals& refusals) {
  UniqueFd taken(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!taken) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
    refusals.note(std::generic_category().message(errno));
    pollfd ending{.fd = ending_.get(), .events = POLLIN, .revents = 0};
    ::poll(&ending, 1, kPauseMs);
    return;
  }
  set(taken.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  strangers_->take(std::move(taken));
}

}  // namespace squall::control
