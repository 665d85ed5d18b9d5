#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "harness/base/unique_fd.h"

namespace squall::test {

/// A TCP port of 127.0.0.1 that nobody uses at this moment. It is below those that the system gives
/// to outgoing connections, of which a load beside this test may have thousands.
inline std::uint16_t free_port() {
  std::random_device random;
  std::uniform_int_distribution<int> ports(20'000, 32'000);
  for (int tries = 0; tries < 1000; ++tries) {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(ports(random)));
    // NOLINTNEXTLINE: the sockets interface
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
      return ntohs(address.sin_port);
    }
  }
  std::abort();
}

}  // namespace squall::test
