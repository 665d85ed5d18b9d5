#pragma once

#include <cstdint>
#include <string_view>

namespace squall::generators::http2 {

/// Holds the header of one answer to what RFC 9113 §8.1 to §8.3 ask of it, field by field, and its
/// length to its content-length.
///
/// Lifecycle:  a value, one per stream. Each header block is begin() → field()… → end().
/// Threads:    one owner at a time.
/// Errors:     in Field, or false: the answer is malformed, and its stream is to be reset.
class AnswerRules {
 public:
  /// What a field is.
  enum class Field {
    kStatus,     ///< The status; see status().
    kRegular,    ///< A field of the answer, or of its trailers.
    kIgnored,    ///< Nothing that may be passed on: its name or value holds forbidden letters.
    kMalformed,  ///< What makes the answer malformed.
  };

  AnswerRules() = default;
  /// `to_head`: the request was HEAD, so that content-length announces no body.
  explicit AnswerRules(bool to_head) : to_head_(to_head) {}

  /// A header block begins. False when none may come.
  bool begin(bool ends_stream);
  Field field(std::string_view name, std::string_view value);
  /// The header block is whole. False when it misses the status.
  bool end();
  /// So much of the body has come. False when there may be none, or not so much.
  bool body(std::uint64_t size);
  /// The answer is whole. False when it is not as long as it said.
  bool whole() const;

  /// Of the last header block that has one.
  int status() const { return status_; }

 private:
  bool content_length(std::string_view value);

  std::uint64_t announced_ = 0;
  std::uint64_t received_ = 0;
  std::int16_t status_ = 0;
  bool to_head_ = false;
  bool has_length_ = false;
  bool ends_stream_ = false;
  bool in_trailers_ = false;
  bool seen_regular_ = false;  // In this block.
  bool final_ = false;         // The status was no interim one, and its block has ended.
};

}  // namespace squall::generators::http2
