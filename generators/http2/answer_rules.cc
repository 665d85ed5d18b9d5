#include "generators/http2/answer_rules.h"

#include <algorithm>
#include <array>
#include <limits>

#include <nghttp2/nghttp2.h>

namespace squall::generators::http2 {
namespace {

// RFC 9113 §8.2.2.
constexpr std::array<std::string_view, 5> kConnectionSpecific{
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());  // NOLINT: nghttp2's interface
}

/// Three digits (RFC 9110 §15), or 0.
int parse_status(std::string_view text) {
  if (text.size() != 3 || text[0] < '1' || text[0] > '9') return 0;
  int status = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  return status;
}

}  // namespace

bool AnswerRules::begin(bool ends_stream) {
  ends_stream_ = ends_stream;
  seen_regular_ = false;
  in_trailers_ = final_;
  if (!final_) status_ = 0;
  return !in_trailers_ || ends_stream;  // RFC 9113 §8.1: trailers are the end.
}

AnswerRules::Field AnswerRules::field(std::string_view name, std::string_view value) {
  if (name.starts_with(':')) {
    if (name != ":status" || in_trailers_ || seen_regular_ || status_ != 0) {
      return Field::kMalformed;
    }
    status_ = static_cast<std::int16_t>(parse_status(value));
    // RFC 9113 §8.6: there is no switching of protocols.
    return status_ == 0 || status_ == 101 ? Field::kMalformed : Field::kStatus;
  }
  seen_regular_ = true;
  if (nghttp2_check_header_name(bytes_of(name), name.size()) == 0) {
    const bool upper = std::any_of(name.begin(), name.end(),
                                   [](char letter) { return letter >= 'A' && letter <= 'Z'; });
    return upper ? Field::kMalformed : Field::kIgnored;  // RFC 9113 §8.2.1
  }
  // RFC 9113 §8.2.1: no line break may get into a value by way of HTTP/2.
  if (nghttp2_check_header_value(bytes_of(value), value.size()) == 0) return Field::kMalformed;
  if (std::find(kConnectionSpecific.begin(), kConnectionSpecific.end(), name) !=
      kConnectionSpecific.end()) {
    return Field::kMalformed;
  }
  if (name == "content-length" && !in_trailers_ && !content_length(value)) {
    return Field::kMalformed;
  }
  return Field::kRegular;
}

bool AnswerRules::content_length(std::string_view value) {
  // RFC 9110 §8.6: an interim answer and a 204 have none. Where one comes all the same, that of an
  // interim answer counts for nothing, and a 204 must not announce a body.
  if (status_ == 204 || status_ / 100 == 1) return value == "0" || status_ != 204;
  if (has_length_ || value.empty()) return false;
  std::uint64_t length = 0;
  for (const char digit : value) {
    if (digit < '0' || digit > '9') return false;
    if (length > (std::numeric_limits<std::uint64_t>::max() - 9) / 10) return false;
    length = length * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  has_length_ = true;
  announced_ = length;
  return true;
}

bool AnswerRules::end() {
  if (in_trailers_) return true;
  if (status_ == 0) return false;
  final_ = status_ >= 200;
  return final_ || !ends_stream_;  // RFC 9113 §8.1: an interim answer is not the end.
}

bool AnswerRules::body(std::uint64_t size) {
  if (!final_) return false;
  received_ += size;
  const bool may_have_body = !to_head_ && status_ != 204 && status_ != 304;
  if (received_ > 0 && !may_have_body) return false;
  return !has_length_ || received_ <= announced_;
}

bool AnswerRules::whole() const {
  if (!final_) return false;
  const bool may_have_body = !to_head_ && status_ != 204 && status_ != 304;
  return !may_have_body || !has_length_ || received_ == announced_;
}

}  // namespace squall::generators::http2
