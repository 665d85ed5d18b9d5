#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "generators/http2/frame.h"

#include "tests/support/scripted_server.h"

namespace squall::test {

/// The names of RFC 9113 are those of the engine; what is wrong about them, nghttp2 finds.
using H2Type = generators::http2::FrameType;

inline constexpr std::uint8_t kEndStream = generators::http2::kFlagEndStream;
inline constexpr std::uint8_t kAck = generators::http2::kFlagAck;
inline constexpr std::uint8_t kEndHeaders = generators::http2::kFlagEndHeaders;

/// A number in network order, so many bytes wide.
inline std::string h2_number(std::uint32_t number, int bytes) {
  std::string text;
  for (int at = bytes - 1; at >= 0; --at) text += static_cast<char>((number >> (8 * at)) & 0xff);
  return text;
}

/// A frame with whatever in it (RFC 9113 §4.1).
inline std::string h2_frame(H2Type type, std::uint8_t flags, std::uint32_t stream,
                            std::string_view payload = {}) {
  std::string frame;
  generators::http2::put_head(frame, payload.size(), type, flags,
                              static_cast<std::int32_t>(stream));
  return frame.append(payload);
}

/// SETTINGS with one setting (RFC 9113 §6.5.1).
inline std::string h2_setting(std::uint16_t name, std::uint32_t value) {
  return h2_frame(H2Type::kSettings, 0, 0, h2_number(name, 2) + h2_number(value, 4));
}

/// A field as a literal that is not indexed, its name spelt out (RFC 7541 §6.2.2). Either is
/// shorter than 127 bytes.
inline std::string hpack_field(std::string_view name, std::string_view value) {
  std::string field(1, '\0');
  field += static_cast<char>(name.size());
  field += name;
  field += static_cast<char>(value.size());
  return field + std::string(value);
}

/// The headers of an answer that has no body, or has one to come.
inline std::string h2_answer(std::uint32_t stream, std::string_view status = "200",
                             std::string_view fields = {}, bool is_whole = true) {
  const auto flags = static_cast<std::uint8_t>(kEndHeaders | (is_whole ? kEndStream : 0));
  return h2_frame(H2Type::kHeaders, flags, stream,
                  hpack_field(":status", status) + std::string(fields));
}

/// Takes the frames of an HTTP/2 client apart as they come, as far as a script needs it.
class H2Frames {
 public:
  struct Frame {
    H2Type type = H2Type::kData;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    std::string payload;
  };

  explicit H2Frames(ScriptedConnection& connection) : connection_(connection) {}

  /// The next one; none when the connection is over.
  std::optional<Frame> next() {
    if (!fill(24 * (preface_is_read_ ? 0 : 1) + 9)) return std::nullopt;
    if (!preface_is_read_) bytes_.erase(0, 24);
    preface_is_read_ = true;
    const generators::http2::FrameHead head = generators::http2::read_head(bytes_);
    if (!fill(9 + head.length)) return std::nullopt;
    Frame frame{head.type, head.flags, static_cast<std::uint32_t>(head.stream),
                bytes_.substr(9, head.length)};
    bytes_.erase(0, 9 + head.length);
    return frame;
  }

 private:
  bool fill(std::size_t size) {
    while (bytes_.size() < size && !connection_.is_over()) bytes_ += connection_.hear();
    return bytes_.size() >= size;
  }

  ScriptedConnection& connection_;
  std::string bytes_;
  bool preface_is_read_ = false;
};

/// A script that greets with `greeting`, and does `act` for each request that has come whole.
inline ScriptedServer::Script h2_script(
    std::function<void(ScriptedConnection&, std::uint32_t stream)> act,
    std::string greeting = h2_frame(H2Type::kSettings, 0, 0)) {
  return [act = std::move(act), greeting = std::move(greeting)](ScriptedConnection& connection) {
    connection.say(greeting);
    H2Frames frames(connection);
    while (const auto frame = frames.next()) {
      if (frame->type == H2Type::kSettings && (frame->flags & kAck) == 0) {
        connection.say(h2_frame(H2Type::kSettings, kAck, 0));
      }
      const bool has_end = frame->type == H2Type::kHeaders || frame->type == H2Type::kData;
      if (has_end && (frame->flags & kEndStream) != 0) act(connection, frame->stream);
    }
  };
}

}  // namespace squall::test
