#include "generators/request/extraction.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>
#include <re2/re2.h>

#include "generators/spec/records.h"

namespace squall::generators {
namespace {

using Json = nlohmann::json;

// What lies deeper than this is not worth the memory that it takes to look.
constexpr std::size_t kDeepest = 512;

Error wrong(const std::string& why) { return error(std::errc::invalid_argument, why); }

Result<std::shared_ptr<const re2::RE2>> compile(const std::string& pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // A body may hold any bytes.
  auto made = std::make_shared<const re2::RE2>(pattern, options);
  if (!made->ok()) return wrong("regex " + pattern + ": " + made->error());
  if (made->NumberOfCapturingGroups() != 1) return wrong("regex " + pattern + ": not one group");
  return made;
}

/// The text of a value that is one; lists, objects and null are none.
std::optional<std::string> scalar(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

}  // namespace

Result<Extraction> Extraction::make(std::string_view way, std::size_t slot) {
  Extraction made;
  made.slot_ = slot;
  made.text_ = way;
  const std::size_t colon = way.find(':');
  const std::string_view kind = way.substr(0, colon);
  if (colon != std::string_view::npos) made.what_ = way.substr(colon + 1);
  if (kind == "regex") {
    made.way_ = Way::kRegex;
    SQUALL_TRY(made.regex_, compile(made.what_));
  } else if (kind == "json") {
    made.way_ = Way::kJson;
    try {
      static_cast<void>(Json::json_pointer(made.what_));
    } catch (const Json::exception&) {
      return wrong(made.text_ + " is no JSON pointer (RFC 6901), such as json:/items/0/id");
    }
  } else if (kind == "header" && !made.what_.empty()) {
    made.way_ = Way::kHeader;
    std::transform(made.what_.begin(), made.what_.end(), made.what_.begin(), [](char letter) {
      return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    });
  } else {
    return wrong(made.text_ + " says nothing that could be taken");
  }
  return made;
}

bool take_from_body(std::span<const Extraction> takes, std::string_view body,
                    std::span<std::string> values, std::string& why) {
  std::optional<Json> json;  // Read once, for all that look into it.
  for (std::size_t i = 0; i < takes.size(); ++i) {
    const Extraction& take = takes[i];
    if (take.way_ == Extraction::Way::kRegex) {
      re2::StringPiece found;
      if (!re2::RE2::PartialMatch(re2::StringPiece(body.data(), body.size()), *take.regex_,
                                  &found)) {
        why = take.text_ + " matches nothing in the body";
        return false;
      }
      values[i].assign(found.data() == nullptr ? "" : found.data(), found.size());
    } else if (take.way_ == Extraction::Way::kJson) {
      if (!json) {
        json = json_nesting(body) > kDeepest ? Json(Json::value_t::discarded)
                                             : Json::parse(body, nullptr, false);
      }
      if (json->is_discarded()) {
        why = take.text_ + ": the body is no JSON";
        return false;
      }
      std::optional<std::string> value;
      const Json::json_pointer pointer(take.what_);
      try {
        if (json->contains(pointer)) value = scalar(json->at(pointer));
      } catch (const Json::exception&) {  // An index that is no number, or too large.
        value.reset();
      }
      if (!value) {
        why = take.text_ + ": the body has no text, number or truth value there";
        return false;
      }
      values[i] = *std::move(value);
    }
  }
  return true;
}

}  // namespace squall::generators
