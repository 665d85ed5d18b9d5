#include "generators/http3/quic_errors.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace squall::generators {
namespace {

constexpr std::array<std::string_view, 18> kTransport{
    "NO_ERROR",
    "INTERNAL_ERROR",
    "CONNECTION_REFUSED",
    "FLOW_CONTROL_ERROR",
    "STREAM_LIMIT_ERROR",
    "STREAM_STATE_ERROR",
    "FINAL_SIZE_ERROR",
    "FRAME_ENCODING_ERROR",
    "TRANSPORT_PARAMETER_ERROR",
    "CONNECTION_ID_LIMIT_ERROR",
    "PROTOCOL_VIOLATION",
    "INVALID_TOKEN",
    "APPLICATION_ERROR",
    "CRYPTO_BUFFER_EXCEEDED",
    "KEY_UPDATE_ERROR",
    "AEAD_LIMIT_REACHED",
    "NO_VIABLE_PATH",
    "VERSION_NEGOTIATION_ERROR",  // RFC 9368 §7.
};

constexpr std::uint64_t kFirstHttp3 = 0x100;
constexpr std::array<std::string_view, 17> kHttp3{
    "H3_NO_ERROR",
    "H3_GENERAL_PROTOCOL_ERROR",
    "H3_INTERNAL_ERROR",
    "H3_STREAM_CREATION_ERROR",
    "H3_CLOSED_CRITICAL_STREAM",
    "H3_FRAME_UNEXPECTED",
    "H3_FRAME_ERROR",
    "H3_EXCESSIVE_LOAD",
    "H3_ID_ERROR",
    "H3_SETTINGS_ERROR",
    "H3_MISSING_SETTINGS",
    "H3_REQUEST_REJECTED",
    "H3_REQUEST_CANCELLED",
    "H3_REQUEST_INCOMPLETE",
    "H3_MESSAGE_ERROR",
    "H3_CONNECT_ERROR",
    "H3_VERSION_FALLBACK",
};

constexpr std::uint64_t kFirstQpack = 0x200;
constexpr std::array<std::string_view, 3> kQpack{
    "QPACK_DECOMPRESSION_FAILED",
    "QPACK_ENCODER_STREAM_ERROR",
    "QPACK_DECODER_STREAM_ERROR",
};

// RFC 8446 §6, without those that TLS 1.3 has no use for.
constexpr std::array<std::pair<std::uint64_t, std::string_view>, 27> kAlerts{{
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {40, "handshake_failure"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
}};

template <std::size_t kSize>
std::string_view name_of(const std::array<std::string_view, kSize>& names, std::uint64_t first,
                         std::uint64_t code) {
  return code >= first && code - first < kSize ? names.at(code - first) : std::string_view();
}

std::string in_words(const std::string& name, std::uint64_t code) {
  return fmt::format("{} ({:#x})", name, code);
}

std::string or_unknown(std::string_view name) {
  return std::string(name.empty() ? "an unknown error" : name);
}

}  // namespace

std::string quic_error_name(std::uint64_t code) {
  if (!is_tls_alert(code)) return or_unknown(name_of(kTransport, 0, code));
  const std::uint64_t alert = code & 0xffU;
  const auto* const found = std::find_if(kAlerts.begin(), kAlerts.end(),
                                         [&](const auto& known) { return known.first == alert; });
  return "TLS alert " +
         (found == kAlerts.end() ? std::to_string(alert) : std::string(found->second));
}

std::string http3_error_name(std::uint64_t code) {
  const std::string_view name = name_of(kHttp3, kFirstHttp3, code);
  return or_unknown(name.empty() ? name_of(kQpack, kFirstQpack, code) : name);
}

std::string quic_error_text(std::uint64_t code) { return in_words(quic_error_name(code), code); }
std::string http3_error_text(std::uint64_t code) { return in_words(http3_error_name(code), code); }

}  // namespace squall::generators
