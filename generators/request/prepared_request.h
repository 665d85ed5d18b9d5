#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generators/request/expectation.h"
#include "generators/spec/load_spec.h"
#include "generators/spec/target_spec.h"
#include "harness/base/result.h"

namespace squall::generators {

/// A header as it goes out. Pseudo-headers (RFC 9113 §8.3.1) come first.
struct HeaderField {
  std::string name;
  std::string value;
};

/// One request, ready to be sent: its header and its body.
struct RenderedRequest {
  std::vector<HeaderField> headers;
  std::string body;
};

/// A request of a mix, for one URL of its target, made ready as far as possible beforehand.
///
/// What is the same for every request is rendered once; the rest for each one, into strings that
/// are used again. The path of the target's URL, unless it is "/", goes before the request's own.
/// Connection-specific headers (RFC 9113 §8.2.2) are left out, `host` becomes `:authority`,
/// and a body is announced by `content-length`.
///
/// Lifecycle:  made once per load, request and URL.
/// Threads:    immutable, any thread may read it.
/// Errors:     make() fails for holes that cannot be filled yet, and an unreadable body file.
class PreparedRequest {
 public:
  static Result<PreparedRequest> make(const RequestSpec& spec, const Url& url,
                                      const std::filesystem::path& directory,
                                      std::uint32_t index = 0);

  /// Which of its load's requests it is.
  std::uint32_t index() const { return index_; }

  /// True when every request is the same: then constant() is it.
  bool is_constant() const { return varying_.empty() && !body_varies_; }
  const RenderedRequest& constant() const { return constant_; }
  /// Makes `out` request `number` of the load with `seed`. `out` may hold an earlier request.
  void render(std::uint64_t seed, std::uint64_t number, RenderedRequest& out) const;

  bool has_body() const { return has_body_; }
  /// True when doing it twice is as good as once (RFC 9110 §9.2.2).
  bool is_idempotent() const;
  const Expectation& expectation() const { return expectation_; }

 private:
  RenderedRequest constant_;                               // Values of varying headers are empty.
  std::vector<std::pair<std::size_t, Template>> varying_;  // Which header, and its text.
  Template body_;
  bool body_varies_ = false;
  bool has_body_ = false;
  Expectation expectation_;
  std::uint32_t index_ = 0;
};

}  // namespace squall::generators
