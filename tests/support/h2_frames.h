#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/scripted_server.h"

namespace squall::test {

/// Frame types of RFC 9113 §6.
enum class H2Type : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};

inline constexpr std::uint8_t kEndStream = 1;
inline constexpr std::uint8_t kAck = 1;
inline constexpr std::uint8_t kEndHeaders = 4;

/// A number in network order, so many bytes wide.
inline std::string h2_number(std::uint32_t number, int bytes) {
  std::string text;
  for (int at = bytes - 1; at >= 0; --at) text += static_cast<char>((number >> (8 * at)) & 0xff);
  return text;
}

/// A frame with whatever in it (RFC 9113 §4.1).
inline std::string h2_frame(H2Type type, std::uint8_t flags, std::uint32_t stream,
                            std::string_view payload = {}) {
  std::string frame = h2_number(static_cast<std::uint32_t>(payload.size()), 3);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  return frame + h2_number(stream, 4) + std::string(payload);
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
    const std::size_t size = number(0, 3);
    if (!fill(9 + size)) return std::nullopt;
    Frame frame{static_cast<H2Type>(bytes_[3]), static_cast<std::uint8_t>(bytes_[4]),
                static_cast<std::uint32_t>(number(5, 4)), bytes_.substr(9, size)};
    bytes_.erase(0, 9 + size);
    return frame;
  }

 private:
  bool fill(std::size_t size) {
    while (bytes_.size() < size && !connection_.is_over()) bytes_ += connection_.hear();
    return bytes_.size() >= size;
  }

  std::size_t number(std::size_t at, std::size_t size) const {
    std::size_t value = 0;
    for (std::size_t i = at; i < at + size; ++i) {
      value = value << 8 | static_cast<unsigned char>(bytes_[i]);
    }
    return value;
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
