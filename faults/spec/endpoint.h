#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace squall::faults {

/// Where someone is reached by TCP.
struct Endpoint {
  std::string address;  ///< IPv4 or IPv6, as inet_ntop(3) writes it.
  std::uint16_t port = 0;

  bool is_v6() const { return address.find(':') != std::string::npos; }
  bool operator==(const Endpoint&) const = default;
};

/// Reads "10.0.0.1:7400" or "[fd00::1]:7400"; an IPv4 address within IPv6 (::ffff:10.0.0.1) becomes
/// what goes over the wire. None for all else: a name is not looked up.
std::optional<Endpoint> read_endpoint(std::string_view text);

/// "10.0.0.1:7400", "[fd00::1]:7400".
std::string in_words(const Endpoint& endpoint);

}  // namespace squall::faults
