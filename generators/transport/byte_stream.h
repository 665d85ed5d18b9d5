#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace squall::generators {

/// What ALPN calls the protocols (RFC 9113 §3.1, RFC 7301 §6).
inline constexpr std::string_view kAlpnH2 = "h2";
inline constexpr std::string_view kAlpnHttp1 = "http/1.1";

/// What came of one step on a non-blocking stream.
struct IoStep {
  enum class Kind {
    kDone,       ///< `bytes` were moved; for a handshake: it is done.
    kWantRead,   ///< Nothing could be done until the descriptor is readable,
    kWantWrite,  ///< or writable.
    kEnd,        ///< The peer has closed the stream.
    kFailed,     ///< The connection broke.
    kTlsFailed,  ///< TLS failed; error_text() says how.
  };
  Kind kind = Kind::kFailed;
  std::size_t bytes = 0;
  /// After a read that is done: false when it took all there was, so that trying again at once
  /// would only ask the kernel in vain.
  bool more = true;
};

/// A connected stream of bytes on a non-blocking descriptor: TCP, or TLS over it.
///
/// Lifecycle:  connected when made; handshake() until it is done, then read() and write(). Closes
///             its descriptor when destroyed.
/// Threads:    one owner at a time.
/// Errors:     in IoStep; never an exception, never SIGPIPE.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  virtual int descriptor() const = 0;
  /// Takes the handshake a step further; TCP alone has none, and is done at once.
  virtual IoStep handshake() = 0;
  virtual IoStep read(std::span<char> into) = 0;
  /// May write a part. What was refused with kWantRead or kWantWrite is to be offered again,
  /// possibly with more after it.
  virtual IoStep write(std::string_view bytes) = 0;
  /// What ALPN agreed on (RFC 7301); empty without TLS or agreement.
  virtual std::string_view protocol() const = 0;
  /// After kEnd: true unless the peer owes TLS's word of goodbye (RFC 8446 §6.1), without which
  /// what was read may have been cut off by anybody.
  virtual bool is_end_in_order() const { return true; }
  /// True when TLS resumed an earlier session instead of a full handshake.
  virtual bool is_resumed() const { return false; }
  /// Bytes above TCP so far, those of TLS itself included.
  virtual std::uint64_t received() const = 0;
  virtual std::uint64_t sent() const = 0;
  /// What went wrong, in words, after kFailed or kTlsFailed.
  virtual std::string error_text() const = 0;

 protected:
  ByteStream() = default;
};

}  // namespace squall::generators
