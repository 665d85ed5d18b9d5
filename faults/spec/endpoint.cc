#include "faults/spec/endpoint.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <system_error>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace squall::faults {

std::optional<Endpoint> read_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  Endpoint endpoint;
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, wrong] =
      std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (wrong != std::errc{} || end != digits.data() + digits.size() || endpoint.port == 0) return {};
  std::string_view host = text.substr(0, colon);
  std::array<char, INET6_ADDRSTRLEN> words{};
  if (host.starts_with('[') && host.ends_with(']')) {
    in6_addr six{};
    const std::string address(host.substr(1, host.size() - 2));
    if (::inet_pton(AF_INET6, address.c_str(), &six) != 1) return {};
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
      ::inet_ntop(AF_INET, &six.s6_addr[12], words.data(), words.size());
    } else {
      ::inet_ntop(AF_INET6, &six, words.data(), words.size());
    }
  } else {
    in_addr four{};
    if (::inet_pton(AF_INET, std::string(host).c_str(), &four) != 1) return {};
    ::inet_ntop(AF_INET, &four, words.data(), words.size());
  }
  endpoint.address = words.data();
  return endpoint;
}

std::string in_words(const Endpoint& endpoint) {
  const std::string host = endpoint.is_v6() ? "[" + endpoint.address + "]" : endpoint.address;
  return host + ":" + std::to_string(endpoint.port);
}

}  // namespace squall::faults
