#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/socket.h>

#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace squall::faults {

/// The address of a socket, IPv4 or IPv6, with its port.
///
/// Lifecycle:  a value. Threads: any, as a value.
/// Errors:     only the functions that make one can fail.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  std::uint16_t port() const;
  void set_port(std::uint16_t port);
  std::string address() const;  ///< "127.0.0.1", "::1".
  std::string text() const;     ///< "127.0.0.1:8443", "[::1]:8443".
  /// Address and port as bytes, to look it up by.
  std::string key() const;
  /// The same address and port.
  bool operator==(const SocketAddress& other) const;
};

/// The address of numbers such as "127.0.0.1".
Result<SocketAddress> make_address(const std::string& address, std::uint16_t port);
/// "127.0.0.1:9443" or "[::1]:9443".
Result<SocketAddress> parse_address(const std::string& text);
/// All addresses of a name, by the system's resolver. Blocks.
Result<std::vector<SocketAddress>> resolve_address(const std::string& host, std::uint16_t port);

/// A socket that blocks nobody and that no child inherits.
Result<UniqueFd> open_socket(const SocketAddress& address, int type);
/// Where a socket is bound.
Result<SocketAddress> local_address(int descriptor);
/// The error of the last system call, with what was being done.
Error system_error(const std::string& doing);

}  // namespace squall::faults
