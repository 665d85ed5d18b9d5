#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace squall::generators {

/// Undoes the content coding of a body (RFC 9110 §8.4) as it arrives: gzip, br, or none.
///
/// Nothing decoded is kept: pieces of at most 16 KiB go to who looks into them. A body that grows
/// beyond 64 MiB is given up, so that a small answer cannot keep us busy for long.
///
/// Lifecycle:  begin() with a coding, feed() the pieces, ask is_whole(); then again.
/// Threads:    one owner at a time.
/// Errors:     is_whole() is false for what is broken, cut short or too large; why() says which.
class BodyDecoder {
 public:
  using Sink = std::function<void(std::string_view decoded)>;
  static constexpr std::uint64_t kMostDecoded = 64ULL * 1024 * 1024;

  BodyDecoder();
  BodyDecoder(BodyDecoder&&) noexcept;
  BodyDecoder& operator=(BodyDecoder&&) noexcept;
  ~BodyDecoder();

  /// `coding` is the value of content-encoding: what is neither gzip nor br goes on as it comes.
  void begin(std::string_view coding);
  void feed(std::string_view piece, const Sink& sink);
  /// True when what was fed is a whole body. Nothing at all is one, too: an answer to HEAD.
  bool is_whole() const;
  std::string_view why() const;

 private:
  class Coding;  // zlib's or brotli's state.
  class Gzip;
  class Brotli;
  enum class State { kPlain, kUnfed, kGoing, kWhole, kBroken, kTooLarge };

  std::unique_ptr<Coding> coding_;
  State state_ = State::kPlain;
  std::uint64_t decoded_ = 0;
};

}  // namespace squall::generators
