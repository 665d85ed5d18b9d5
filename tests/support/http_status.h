#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"
#include "harness/base/units.h"

#include "tests/support/free_port.h"

namespace squall {

/// The status of one GET by HTTP/1.1 from "http://127.0.0.1:PORT/…": as much of a client as tests
/// of services need.
inline Result<int> http_status(const std::string& url, Duration timeout) {
  const std::string before = "http://127.0.0.1:";
  if (!url.starts_with(before)) return error(std::errc::invalid_argument, url);
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
  timeval limit{};
  limit.tv_sec = microseconds / 1'000'000;
  limit.tv_usec = microseconds % 1'000'000;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(before.size()))));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), generic, sizeof address) != 0) {
    return error(static_cast<std::errc>(errno), "connect");
  }
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return error(static_cast<std::errc>(errno), "send");
  }
  std::array<char, 12> answer{};  // "HTTP/1.1 200"
  ssize_t got = 0;
  do {  // A child that goes on is told by a signal, which ends a wait that has a limit.
    got = ::recv(socket.get(), answer.data(), answer.size(), MSG_WAITALL);
  } while (got < 0 && errno == EINTR);
  if (got >= 0 && got < static_cast<ssize_t>(answer.size())) {
    return error(std::errc::connection_aborted, "receive");
  }
  if (got < 0) {
    return error(errno == EAGAIN ? std::errc::timed_out : static_cast<std::errc>(errno), "receive");
  }
  return std::stoi(std::string(answer.data() + 9, 3));
}

using test::free_port;

}  // namespace squall
