#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace squall::generators::http2 {

/// RFC 9113 §6. What is not listed is ignored where it comes (§4.1).
enum class FrameType : std::uint8_t {
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

inline constexpr std::uint8_t kFlagEndStream = 0x1;  ///< Of DATA and HEADERS,
inline constexpr std::uint8_t kFlagAck = 0x1;        ///< of SETTINGS and PING,
inline constexpr std::uint8_t kFlagEndHeaders = 0x4;
inline constexpr std::uint8_t kFlagPadded = 0x8;
inline constexpr std::uint8_t kFlagPriority = 0x20;

/// RFC 9113 §7.
enum class ErrorCode : std::uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kFlowControlError = 3,
  kStreamClosed = 5,
  kFrameSizeError = 6,
  kRefusedStream = 7,
  kCancel = 8,
  kCompressionError = 9,
  kEnhanceYourCalm = 11,
};

/// RFC 9113 §6.5.2.
enum class Setting : std::uint16_t {
  kHeaderTableSize = 1,
  kEnablePush = 2,
  kMaxConcurrentStreams = 3,
  kInitialWindowSize = 4,
  kMaxFrameSize = 5,
  kMaxHeaderListSize = 6,
};

inline constexpr std::size_t kFrameHeadSize = 9;
/// The least that a peer must take, and all that we take (RFC 9113 §4.2).
inline constexpr std::size_t kFrameSize = 16'384;
/// How long a header may be that we take, as RFC 9113 §6.5.2 counts; and all of one answer's.
inline constexpr std::size_t kHeaderListSize = 256UL * 1024;
/// As large as a window, and a number of a stream, can be (RFC 9113 §6.9.1, §5.1.1).
inline constexpr std::int64_t kMost31Bits = 0x7fffffff;
/// A window until it is said otherwise (RFC 9113 §6.9.2).
inline constexpr std::int64_t kFirstWindow = 65'535;

/// The first nine bytes of every frame (RFC 9113 §4.1).
struct FrameHead {
  std::size_t length = 0;
  FrameType type{};
  std::uint8_t flags = 0;
  std::int32_t stream = 0;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

inline std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

/// The number in the four bytes from `at` on, in network order.
inline std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) << 24U | byte_at(bytes, at + 1) << 16U | byte_at(bytes, at + 2) << 8U |
         byte_at(bytes, at + 3);
}

/// The head in the first nine bytes. The reserved bit of the stream is not looked at.
inline FrameHead read_head(std::string_view bytes) {
  return {byte_at(bytes, 0) << 16U | byte_at(bytes, 1) << 8U | byte_at(bytes, 2),
          static_cast<FrameType>(byte_at(bytes, 3)), static_cast<std::uint8_t>(byte_at(bytes, 4)),
          static_cast<std::int32_t>(number_at(bytes, 5) & 0x7fffffffU)};
}

inline void put_number(std::string& out, std::uint32_t number) {
  const char bytes[] = {static_cast<char>(number >> 24U), static_cast<char>(number >> 16U),
                        static_cast<char>(number >> 8U), static_cast<char>(number)};
  out.append(bytes, sizeof bytes);
}

inline void put_head(std::string& out, std::size_t length, FrameType type, std::uint8_t flags,
                     std::int32_t stream) {
  const char bytes[] = {static_cast<char>(length >> 16U), static_cast<char>(length >> 8U),
                        static_cast<char>(length), static_cast<char>(type),
                        static_cast<char>(flags)};
  out.append(bytes, sizeof bytes);
  put_number(out, static_cast<std::uint32_t>(stream));
}

/// A frame whose payload is one number: RST_STREAM and WINDOW_UPDATE.
inline void put_number_frame(std::string& out, FrameType type, std::int32_t stream,
                             std::uint32_t number) {
  put_head(out, 4, type, 0, stream);
  put_number(out, number);
}

inline void put_setting(std::string& out, Setting setting, std::uint32_t value) {
  const auto id = static_cast<std::uint16_t>(setting);
  out.push_back(static_cast<char>(id >> 8U));
  out.push_back(static_cast<char>(id));
  put_number(out, value);
}

}  // namespace squall::generators::http2
