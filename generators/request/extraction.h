#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace squall::generators {

/// How one value is taken from an answer: "regex:…" (RE2, whose time grows with the text and no
/// faster), "json:…" (RFC 6901) or "header:…".
///
/// Lifecycle:  made once per load.
/// Threads:    immutable, any thread may read it.
/// Errors:     make() fails for a way that is none, and a pattern that cannot be read.
class Extraction {
 public:
  enum class Way { kRegex, kJson, kHeader };

  /// `slot` is where the value goes among those of the flow.
  static Result<Extraction> make(std::string_view way, std::size_t slot);

  Way way() const { return way_; }
  std::size_t slot() const { return slot_; }
  /// As the scenario has it, for messages.
  const std::string& text() const { return text_; }
  /// The name of the header, in lower case.
  std::string_view header() const { return what_; }

 private:
  friend bool take_from_body(std::span<const Extraction> takes, std::string_view body,
                             std::span<std::string> values, std::string& why);

  Way way_ = Way::kHeader;
  std::size_t slot_ = 0;
  std::string text_;
  std::string what_;
  std::shared_ptr<const re2::RE2> regex_;
};

/// Takes what comes from the body: the value of takes[i] becomes values[i]; those of headers stay
/// as they are. False when one of them finds nothing, and `why` says which.
bool take_from_body(std::span<const Extraction> takes, std::string_view body,
                    std::span<std::string> values, std::string& why);

}  // namespace squall::generators
