#include "harness/control/address.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "harness/base/unique_fd.h"

namespace squall::control {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr int kHighestPort = 65535;

Error wrong(std::string_view address, std::string_view what) {
  return error(std::errc::invalid_argument, fmt::format("{}: {}", address, what));
}

Result<void> check_path(std::string_view address) {
  const std::size_t length = address.size() - kUnix.size();
  if (length > 0 && length < sizeof(sockaddr_un::sun_path)) return {};
  return wrong(address, fmt::format("expected unix:PATH, of 1 to {} bytes",
                                    sizeof(sockaddr_un::sun_path) - 1));
}

/// Of a name, or an address of IPv4; what is only digits and dots must be the latter.
bool is_host(const std::string& host) {
  const auto may_be_in_a_name = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
  };
  if (host.empty() || !std::all_of(host.begin(), host.end(), may_be_in_a_name)) return false;
  if (host.find_first_not_of("0123456789.") != std::string::npos) return true;
  in_addr parsed{};
  return ::inet_pton(AF_INET, host.c_str(), &parsed) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr parsed{};
  return ::inet_pton(AF_INET6, host.substr(0, host.find('%')).c_str(), &parsed) == 1;
}

std::string in_words(int failure) { return std::generic_category().message(failure); }

}  // namespace

HostAndPort split_address(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  std::string_view host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {std::string(host), std::string(address.substr(colon + 1))};
}

void FreeAddresses::operator()(addrinfo* found) const { ::freeaddrinfo(found); }

Addresses look_up(const HostAndPort& where, int flags, std::string& why) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(where.host.c_str(), where.port.c_str(), &hints, &found);
  if (failed != 0) why = fmt::format("{}: {}", where.host, ::gai_strerror(failed));
  return Addresses(failed == 0 ? found : nullptr);
}

std::string other_end_of(int connection) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getpeername(connection, reinterpret_cast<sockaddr*>(&name), &size) != 0) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (name.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(name);
    if (::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size()) == nullptr) return {};
    return fmt::format("{}:{}", text.data(), ntohs(v4.sin_port));
  }
  if (name.ss_family != AF_INET6) return {};
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(name);
  constexpr std::size_t kMapped = 12;  // Bytes before the address of IPv4 in one of IPv6.
  const bool is_v4 = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) != 0;
  const void* const from = is_v4 ? &v6.sin6_addr.s6_addr[kMapped] : &v6.sin6_addr.s6_addr[0];
  if (::inet_ntop(is_v4 ? AF_INET : AF_INET6, from, text.data(), text.size()) == nullptr) return {};
  if (is_v4) return fmt::format("{}:{}", text.data(), ntohs(v6.sin6_port));
  const std::string scope = v6.sin6_scope_id == 0 ? "" : fmt::format("%{}", v6.sin6_scope_id);
  return fmt::format("[{}{}]:{}", text.data(), scope, ntohs(v6.sin6_port));
}

std::string endpoint_of(std::string_view peer) {
  if (!peer.starts_with("ipv4:") && !peer.starts_with("ipv6:")) return {};
  peer.remove_prefix(peer.find(':') + 1);
  std::string endpoint;
  while (!peer.empty()) {
    unsigned char escaped = 0;
    const bool is_escaped =
        peer.size() > 2 && peer.front() == '%' &&
        std::from_chars(peer.data() + 1, peer.data() + 3, escaped, 16).ptr == peer.data() + 3;
    endpoint += is_escaped ? static_cast<char>(escaped) : peer.front();
    peer.remove_prefix(is_escaped ? 3 : 1);
  }
  return endpoint;
}

Result<void> check_address(std::string_view address) {
  if (address.starts_with(kUnix)) return check_path(address);
  const std::size_t colon = address.rfind(':');
  const bool is_bracketed = address.starts_with('[');
  if (colon == std::string_view::npos || (is_bracketed && address.ends_with(']'))) {
    return wrong(address, fmt::format("there is no port: expected HOST:PORT, such as {}:7400",
                                      address.empty() ? "127.0.0.1" : address));
  }
  const HostAndPort where = split_address(address);
  if (!is_bracketed && where.host.find(':') != std::string::npos) {
    return wrong(address, is_ipv6(std::string(address)) || is_ipv6(where.host)
                              ? fmt::format("expected an address of IPv6 in brackets and a port, "
                                            "such as [{}]:7400",
                                            is_ipv6(where.host) ? where.host : address)
                              : "expected HOST:PORT");
  }
  if (is_bracketed ? !is_ipv6(where.host) : !is_host(where.host)) {
    return wrong(address, fmt::format("\"{}\" is neither the name nor the address of a host: "
                                      "expected HOST:PORT",
                                      where.host));
  }
  int port = 0;
  const char* const end = where.port.data() + where.port.size();
  const auto read = std::from_chars(where.port.data(), end, port);
  if (read.ec != std::errc{} || read.ptr != end || port < 1 || port > kHighestPort) {
    return wrong(address, fmt::format("port \"{}\": expected a number from 1 to {}", where.port,
                                      kHighestPort));
  }
  return {};
}

std::string why_not_reached(const std::string& address, int patience_ms) {
  if (address.starts_with(kUnix)) return {};
  std::string why;
  const Addresses found = look_up(split_address(address), 0, why);
  for (const addrinfo* one = found.get(); one != nullptr; one = one->ai_next) {
    const UniqueFd fd(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return in_words(errno);
    if (::connect(fd.get(), one->ai_addr, one->ai_addrlen) == 0) return {};
    int failure = errno;
    if (failure == EINPROGRESS) {
      pollfd ready{.fd = fd.get(), .events = POLLOUT, .revents = 0};
      if (::poll(&ready, 1, patience_ms) != 1) return {};
      socklen_t size = sizeof failure;
      ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
      if (failure == 0) return {};
    }
    why = in_words(failure);
  }
  return why;
}

}  // namespace squall::control
