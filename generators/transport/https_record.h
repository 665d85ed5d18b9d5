#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// A record of type HTTPS (RFC 9460): how else, and where, a service is to be had.
struct ServiceRecord {
  std::uint16_t priority = 0;         ///< Less is better; 0: AliasMode, of which `target` is all.
  std::string target;                 ///< Without its last dot; empty: the record's own name.
  std::vector<std::string> alpn;      ///< As the record lists them,
  bool has_default_alpn = true;       ///< and HTTP/1.1 besides.
  std::optional<std::uint16_t> port;  ///< None: that of the origin.
  std::vector<asio::ip::address> hints;  ///< Addresses of the target: IPv4 before IPv6.
  bool is_understood = true;  ///< False: it has mandatory keys that we do not know (§8).
  Duration holds{};           ///< Its TTL.

  bool is_alias() const { return priority == 0; }
  bool operator==(const ServiceRecord&) const = default;
};

/// Reads the RDATA of a record of type SVCB or HTTPS (RFC 9460 §2.2). None when it is malformed.
std::optional<ServiceRecord> parse_service_data(std::span<const std::uint8_t> data);

/// The records of type HTTPS for `name` in an answer from the DNS (RFC 1035 §4), through its
/// aliases (CNAME), best first. None when the answer is malformed; as RFC 9460 §2.2 has it, one
/// malformed record makes all of them so.
std::optional<std::vector<ServiceRecord>> parse_https_answer(std::span<const std::uint8_t> message,
                                                             std::string_view name);

/// The name that has the HTTPS record of an origin (RFC 9460 §9.1).
std::string https_record_name(const std::string& host, std::uint16_t port);

}  // namespace squall::generators
