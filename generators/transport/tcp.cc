#include "generators/transport/tcp.h"

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace squall::generators {
namespace {

Error last_error(std::string_view doing) {
  return {std::error_code(errno, std::system_category()), std::string(doing)};
}

/// Takes the local address, and leaves the port to connect(): ip(7), IP_BIND_ADDRESS_NO_PORT.
Result<void> bind_to(int socket, const asio::ip::address& from) {
  const int on = 1;
  if (::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0) {
    return last_error("set IP_BIND_ADDRESS_NO_PORT");
  }
  const asio::ip::tcp::endpoint local(from, 0);
  if (::bind(socket, local.data(), static_cast<socklen_t>(local.size())) != 0) {
    const std::error_code refused(errno, std::system_category());
    return Error{refused, "bind to the source address " + from.to_string()};
  }
  return {};
}

bool is_again(int code) { return code == EAGAIN || code == EWOULDBLOCK; }

}  // namespace

Result<UniqueFd> begin_connect(const asio::ip::tcp::endpoint& to,
                               const std::optional<asio::ip::address>& from) {
  UniqueFd socket(
      ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket) return last_error("make a socket");
  const int on = 1;
  if (::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
    return last_error("set TCP_NODELAY");
  }
  if (from) {
    if (auto bound = bind_to(socket.get(), *from); !bound) return std::move(bound).error();
  }
  int connected = 0;
  do {
    connected = ::connect(socket.get(), to.data(), static_cast<socklen_t>(to.size()));
  } while (connected != 0 && errno == EINTR);
  if (connected != 0 && errno == EADDRNOTAVAIL) {
    return error(std::errc::address_not_available,
                 from ? "connect: no port of " + from->to_string() + " is free"
                      : "connect: no local port is free");
  }
  if (connected != 0 && errno != EINPROGRESS) return last_error("connect");
  return socket;
}

Result<void> connect_result(int descriptor) {
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) != 0) {
    return last_error("connect");
  }
  if (code != 0) return Error{std::error_code(code, std::system_category()), "connect"};
  return {};
}

IoStep TcpStream::read(std::span<char> into) {
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), 0);
    if (got > 0) {
      const auto bytes = static_cast<std::size_t>(got);
      received_ += bytes;
      return {IoStep::Kind::kDone, bytes, bytes == into.size()};
    }
    if (got == 0) return {IoStep::Kind::kEnd, 0};
    if (errno == EINTR) continue;
    if (is_again(errno)) return {IoStep::Kind::kWantRead, 0};
    errno_ = errno;
    return {IoStep::Kind::kFailed, 0};
  }
}

IoStep TcpStream::write(std::string_view bytes) {
  for (;;) {
    const ssize_t put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put >= 0) {
      sent_ += static_cast<std::uint64_t>(put);
      return {IoStep::Kind::kDone, static_cast<std::size_t>(put)};
    }
    if (errno == EINTR) continue;
    if (is_again(errno)) return {IoStep::Kind::kWantWrite, 0};
    errno_ = errno;
    return {IoStep::Kind::kFailed, 0};
  }
}

std::string TcpStream::error_text() const {
  return std::error_code(errno_, std::system_category()).message();
}

}  // namespace squall::generators
