#include "generators/http2/complaint.h"

#include <array>
#include <cstddef>
#include <string_view>

#include <nghttp2/nghttp2.h>

namespace squall::generators::http2 {
namespace {

constexpr std::size_t kMostCode = 13;
// "HTTP" where a frame has its length and type.
constexpr std::size_t kLengthOfHttp = 0x485454;
constexpr auto kTypeOfHttp = static_cast<FrameType>('P');

std::string code_text(std::uint32_t code) {
  if (code > kMostCode) return "error code " + std::to_string(code);
  return nghttp2_http2_strerror(code);
}

std::string frame_text(const FrameHead& head) {
  constexpr std::array<std::string_view, 10> kNames{
      "DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
      "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};
  const auto type = static_cast<std::size_t>(head.type);
  const std::string name = type < kNames.size() ? std::string(kNames[type]) + " frame"
                                                : "frame of type " + std::to_string(type);
  return name + (head.stream == 0 ? "" : " on stream " + std::to_string(head.stream));
}

}  // namespace

std::string Complaint::text() const {
  switch (what) {
    case What::kNothing:
      return {};
    case What::kReset:
      return "the server reset a stream with " + code_text(code);
    case What::kGoaway:
      return "the server went away with " + code_text(code);
    case What::kBreach:
      break;
  }
  if (was_first && at.length == kLengthOfHttp && at.type == kTypeOfHttp) {
    return "the server answers in HTTP/1, not HTTP/2";
  }
  if (was_first && at.type != FrameType::kSettings) {
    return "what the server says first is not HTTP/2's SETTINGS";
  }
  return "the server broke HTTP/2 with a " + frame_text(at) + ": " + code_text(code);
}

}  // namespace squall::generators::http2
