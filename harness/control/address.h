#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <netdb.h>

#include "harness/base/result.h"

namespace squall::control {

/// Whether `address` is one that can be listened on or joined: "unix:PATH", "10.0.0.1:7400",
/// "coordinator.example:7400", "[::1]:7400". The error's trail begins with the address and says
/// what was expected.
Result<void> check_address(std::string_view address);

/// The two halves of "HOST:PORT", the host without its brackets.
struct HostAndPort {
  std::string host;
  std::string port;
};
HostAndPort split_address(std::string_view address);

/// Releases what look_up() found.
struct FreeAddresses {
  void operator()(addrinfo* found) const;
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

/// The socket addresses of a host and port, for TCP; `flags` are getaddrinfo's (AI_PASSIVE). None
/// where there are none, and then `why` says so.
Addresses look_up(const HostAndPort& where, int flags, std::string& why);

/// Where the other end of a connection of TCP is: "10.0.0.1:4711", "[::1]:4711", an IPv4 address
/// as such though the socket be of IPv6; empty where that is not known.
std::string other_end_of(int connection);

/// The same of what gRPC calls a peer: "ipv4:10.0.0.1:4711", "ipv6:%5B::1%5D:4711"; empty for a
/// Unix socket.
std::string endpoint_of(std::string_view peer);

/// Why nobody can be reached there: "no such name", "Connection refused"; empty where somebody
/// answers, or nothing does for `patience`.
std::string why_not_reached(const std::string& address, int patience_ms);

}  // namespace squall::control
