#include "faults/link/socket_address.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

namespace squall::faults {
namespace {

// <netinet/in.h> and <sys/socket.h> mean one address by several types.
const sockaddr_in& as_v4(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in&>(address.storage);
}
const sockaddr_in6& as_v6(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

}  // namespace

Error system_error(const std::string& doing) {
  return Error{std::error_code(errno, std::generic_category()), doing};
}

std::uint16_t SocketAddress::port() const {
  return ntohs(family() == AF_INET6 ? as_v6(*this).sin6_port : as_v4(*this).sin_port);
}

void SocketAddress::set_port(std::uint16_t port) {
  if (family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(storage).sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
  }
}

std::string SocketAddress::address() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = family() == AF_INET6 ? static_cast<const void*>(&as_v6(*this).sin6_addr)
                                           : static_cast<const void*>(&as_v4(*this).sin_addr);
  return inet_ntop(family(), bytes, text.data(), text.size()) == nullptr ? "?" : text.data();
}

std::string SocketAddress::text() const {
  std::string text = address();
  if (family() == AF_INET6) text.insert(0, 1, '[').push_back(']');
  return text.append(1, ':').append(std::to_string(port()));
}

std::string SocketAddress::key() const {
  const std::uint16_t number = port();
  std::array<char, sizeof(number) + sizeof(in6_addr)> bytes{};
  const bool is_v6 = family() == AF_INET6;
  const std::size_t size = is_v6 ? sizeof(in6_addr) : sizeof(in_addr);
  const void* address = is_v6 ? static_cast<const void*>(&as_v6(*this).sin6_addr)
                              : static_cast<const void*>(&as_v4(*this).sin_addr);
  std::memcpy(bytes.data(), &number, sizeof(number));
  std::memcpy(bytes.data() + sizeof(number), address, size);
  return {bytes.data(), sizeof(number) + size};
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  if (family() != other.family() || port() != other.port()) return false;
  if (family() != AF_INET6) return as_v4(*this).sin_addr.s_addr == as_v4(other).sin_addr.s_addr;
  return std::memcmp(&as_v6(*this).sin6_addr, &as_v6(other).sin6_addr, sizeof(in6_addr)) == 0;
}

Result<SocketAddress> make_address(const std::string& address, std::uint16_t port) {
  SocketAddress made;
  auto& v4 = reinterpret_cast<sockaddr_in&>(made.storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(made.storage);
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    made.length = sizeof(v4);
  } else if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    made.length = sizeof(v6);
  } else {
    return error(std::errc::invalid_argument, "'" + address + "' as an IP address");
  }
  made.set_port(port);
  return made;
}

Result<SocketAddress> parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return error(std::errc::invalid_argument, text + ": no port");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data() + colon + 1, end, port);
  if (failure != std::errc{} || stop != end) {
    return error(std::errc::invalid_argument, text + ": its port");
  }
  return make_address(host, port);
}

Result<std::vector<SocketAddress>> resolve_address(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = getaddrinfo(host.c_str(), nullptr, &wanted, &found); failed != 0) {
    return error(std::errc::host_unreachable,
                 "look up " + host + ": " + std::string(gai_strerror(failed)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.length = one->ai_addrlen;
    address.set_port(port);
    addresses.push_back(address);
  }
  return addresses;
}

Result<UniqueFd> open_socket(const SocketAddress& address, int type) {
  UniqueFd made(::socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made) return system_error("open a socket");
  return made;
}

Result<SocketAddress> local_address(int descriptor) {
  SocketAddress address;
  if (::getsockname(descriptor, address.data(), &address.length) != 0) {
    return system_error("look where a socket is bound");
  }
  return address;
}

}  // namespace squall::faults
