#pragma once

#include <cstdint>
#include <string>

namespace squall::generators {

/// What has no code, as an end's name.
inline constexpr const char* kHandshakeTimedOut = "handshake timed out";

/// The name alone, "an unknown error" where there is none; of an alert "TLS alert NAME"
/// (RFC 8446 §6), or its number.
std::string quic_error_name(std::uint64_t code);
std::string http3_error_name(std::uint64_t code);

/// A code of QUIC's own (RFC 9000 §20.1): "FLOW_CONTROL_ERROR (0x3)". Those of TLS travel among
/// them (RFC 9001 §4.8): "TLS alert bad_certificate (0x12a)".
std::string quic_error_text(std::uint64_t code);

/// A code of HTTP/3's or QPACK's (RFC 9114 §8.1, RFC 9204 §6): "H3_NO_ERROR (0x100)".
std::string http3_error_text(std::uint64_t code);

/// True for codes that carry an alert of TLS (RFC 9000 §20.1).
constexpr bool is_tls_alert(std::uint64_t code) { return code >= 0x100 && code <= 0x1ff; }

}  // namespace squall::generators
