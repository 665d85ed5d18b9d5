#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generators/request/expectation.h"
#include "generators/request/extraction.h"
#include "generators/request/mapped_file.h"
#include "generators/request/render.h"
#include "generators/spec/load_spec.h"
#include "generators/spec/recording.h"
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
  std::string_view shared = {};  ///< A body that lies elsewhere, such as in a file; else none.

  /// What is sent as the body, whichever it is.
  std::string_view content() const { return shared.data() != nullptr ? shared : body; }
};

/// A request of a mix or a step of a flow, for one URL of its target, made ready as far as possible
/// beforehand.
///
/// What is the same for every request is rendered once; the rest for each one, into strings that
/// are used again. The path of the target's URL, unless it is "/", goes before the request's own.
/// Connection-specific headers (RFC 9113 §8.2.2) are left out, `host` becomes `:authority`,
/// and a body is announced by `content-length`. A body from a file stays there, mapped.
///
/// Lifecycle:  made once per load, request and URL; tables of data outlive it.
/// Threads:    immutable, any thread may read it.
/// Errors:     make() fails for names that stand for nothing, takes that cannot be read, and an
///             unreadable body file.
class PreparedRequest {
 public:
  /// `keeps_cookies`: answers may set cookies, which are sent back.
  static Result<PreparedRequest> make(const RequestSpec& spec, const Url& url,
                                      const std::filesystem::path& directory,
                                      const TextNames& names = {}, bool keeps_cookies = false,
                                      std::uint32_t index = 0);

  /// Which of its load's requests it is.
  std::uint32_t index() const { return index_; }

  /// Whatever was recorded: request `number` is the one of that number in the recording. `spec`
  /// says what is expected of all.
  static Result<PreparedRequest> make_replay(std::shared_ptr<const Recording> recording,
                                             const RequestSpec& spec, const Url& url);

  /// True when every request is the same: then constant() is it.
  bool is_constant() const {
    return varying_.empty() && !body_varies_ && !keeps_cookies_ && !recording_;
  }
  const RenderedRequest& constant() const { return constant_; }
  /// Makes `out` the request that `context` says. `out` may hold an earlier request.
  void render(const RenderContext& context, RenderedRequest& out) const;

  bool has_body() const { return has_body_; }
  /// True when doing it twice is as good as once (RFC 9110 §9.2.2).
  static bool is_idempotent(const RenderedRequest& request);
  /// The same for one request, as it was rendered: of those replayed, only some have one.
  bool has_body(const RenderedRequest& rendered) const {
    return recording_ ? !rendered.content().empty() : has_body_;
  }
  const Expectation& expectation() const { return expectation_; }
  /// What is taken from its answer.
  std::span<const Extraction> takes() const { return takes_; }
  bool keeps_cookies() const { return keeps_cookies_; }
  /// True when an answer's status says all: then no AnswerReader is needed.
  bool needs_status_only() const {
    return takes_.empty() && !keeps_cookies_ && expectation_.needs_status_only();
  }
  bool looks_into_body() const { return keeps_body_ || expectation_.needs_body(); }
  bool keeps_body() const { return keeps_body_; }
  /// The table with the order once of which each request uses a row; null: none.
  const DataTable* once() const { return once_; }
  /// Whom cookies belong to.
  const std::string& host() const { return host_; }
  bool is_secure() const { return is_secure_; }
  /// The path of a request that was rendered.
  static std::string_view path_of(const RenderedRequest& request) {
    return request.headers[kPath].value;
  }

 private:
  static constexpr std::size_t kAuthority = 2;  // Of the headers.
  static constexpr std::size_t kPath = 3;

  void replay(const RecordedRequest& recorded, RenderedRequest& out) const;
  Result<void> add_headers(const RequestSpec& spec, const TextNames& names);
  Result<void> add_body(const RequestSpec& spec, const std::filesystem::path& directory,
                        const TextNames& names);
  Result<PreparedText> prepare(const Template& text, const TextNames& names);
  Result<void> add(const std::string& name, const Template& text, const TextNames& names);

  RenderedRequest constant_;  // Values of varying headers are empty.
  std::vector<std::pair<std::size_t, PreparedText>> varying_;  // Which header, and its text.
  PreparedText body_;
  std::shared_ptr<const MappedFile> file_;
  std::shared_ptr<const Recording> recording_;  // Instead of all of the above but the first four.
  bool body_varies_ = false;
  bool has_body_ = false;
  bool keeps_body_ = false;
  bool keeps_cookies_ = false;
  bool is_secure_ = false;
  std::size_t length_at_ = 0;  // Of content-length, where there is a body.
  Expectation expectation_;
  std::uint32_t index_ = 0;
  std::vector<Extraction> takes_;
  const DataTable* once_ = nullptr;
  std::string host_;
};

}  // namespace squall::generators
