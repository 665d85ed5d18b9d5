#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "generators/request/body_decoder.h"
#include "generators/request/expectation.h"

namespace squall::generators {

class PreparedRequest;

/// Reads one answer, piece by piece, for a request that wants more of it than its status: checks
/// what is expected, takes values, keeps cookies.
///
/// A body is kept only where a value is taken from it, at most 1 MiB (decoded); and decoded (gzip,
/// br) only where something looks into it.
///
/// Lifecycle:  begin(), then the answer's parts as they come, then is_as_expected() once. Keeps its
///             memory for the next request.
/// Threads:    one owner at a time.
/// Errors:     a body that cannot be decoded, or a value that is not there, is not as expected;
///             why() says more.
class AnswerReader {
 public:
  static constexpr std::size_t kMostKept = 1024UL * 1024UL;

  /// Forgets the answer before; `request` outlives this one.
  void begin(const PreparedRequest& request);
  /// A head begins: those before it were interim ones (1xx).
  void restart();
  void header(std::string_view name, std::string_view value);
  void body(std::string_view piece);
  /// The verdict on a whole answer.
  bool is_as_expected(int status);

  /// What was taken, in the order of the request's takes.
  std::span<std::string> taken() { return taken_; }
  /// The values of Set-Cookie headers, where the request keeps cookies.
  std::span<const std::string> cookies() const { return {cookies_.data(), cookie_count_}; }
  /// Why a value could not be taken, a body not be decoded, or what it lacks; else empty.
  /// Once is_as_expected() was false. Puts words together: for the first of many only.
  std::string why() const;

 private:
  void look_into(std::string_view decoded);
  bool take_values();

  const PreparedRequest* request_ = nullptr;
  ExpectationState check_;
  BodyDecoder decoder_;
  std::string body_;
  std::vector<std::string> taken_;
  std::vector<bool> has_header_;  // By take: whether its header was there.
  std::vector<std::string> cookies_;
  std::size_t cookie_count_ = 0;
  std::string why_;
  int status_ = 0;
  bool too_large_ = false;
};

}  // namespace squall::generators
