#include "generators/http3/quic_errors.h"

#include <array>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>
#include <gnutls/gnutls.h>

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
  const auto alert = static_cast<gnutls_alert_description_t>(code & 0xffU);
  const char* name = gnutls_alert_get_name(alert);
  return std::string("TLS alert ") + (name == nullptr ? "unknown" : name);
}

std::string http3_error_name(std::uint64_t code) {
  const std::string_view name = name_of(kHttp3, kFirstHttp3, code);
  return or_unknown(name.empty() ? name_of(kQpack, kFirstQpack, code) : name);
}

std::string quic_error_text(std::uint64_t code) { return in_words(quic_error_name(code), code); }
std::string http3_error_text(std::uint64_t code) { return in_words(http3_error_name(code), code); }

}  // namespace squall::generators
