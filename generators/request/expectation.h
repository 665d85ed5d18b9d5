#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generators/spec/load_spec.h"
#include "harness/base/result.h"

namespace squall::generators {

/// How far the check of one answer has come. A plain value: an answer of any size needs no more.
struct ExpectationState {
  std::size_t body_matched = 0;    ///< Length of the wanted text's prefix that the body ends with.
  std::uint64_t headers_seen = 0;  ///< A bit per wanted header.
};

/// Decides whether an answer is what a request expects, as the answer arrives in pieces.
///
/// Without expected statuses, 100 to 399 will do. A text wanted in the body is found also where it
/// lies across pieces (Knuth, Morris, Pratt 1977), without keeping any of the body.
///
/// Lifecycle:  made once per request of a load; a state per answer.
/// Threads:    immutable, any thread may read it.
/// Errors:     make() fails for more than 64 headers.
class Expectation {
 public:
  static Result<Expectation> make(const ExpectSpec& spec);

  /// True when neither header() nor body() needs to be called.
  bool needs_status_only() const { return headers_.empty() && wanted_.empty(); }
  /// True when body() needs to be called.
  bool needs_body() const { return !wanted_.empty(); }

  void header(ExpectationState& state, std::string_view name, std::string_view value) const;
  void body(ExpectationState& state, std::string_view piece) const;
  /// The verdict on a whole answer.
  bool holds(const ExpectationState& state, int status) const {
    return has_status(status) && has_the_rest(state);
  }
  /// In words, what an answer with an expected status lacks; empty for another status, which says
  /// enough itself.
  std::string lack(const ExpectationState& state, int status) const;

 private:
  bool has_status(int status) const;
  bool has_the_rest(const ExpectationState& state) const;

  std::vector<StatusRange> statuses_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::string wanted_;
  std::vector<std::size_t> fallback_;  // Longest proper border of each prefix of wanted_.
};

}  // namespace squall::generators
