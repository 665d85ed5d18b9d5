#include "generators/request/expectation.h"

#include <algorithm>

namespace squall::generators {
namespace {

constexpr std::size_t kMostHeaders = 64;

std::vector<std::size_t> borders(std::string_view text) {
  std::vector<std::size_t> longest(text.size(), 0);
  std::size_t border = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    while (border > 0 && text[i] != text[border]) border = longest[border - 1];
    if (text[i] == text[border]) ++border;
    longest[i] = border;
  }
  return longest;
}

/// For one line of text: no longer than 60 bytes, and nothing that a terminal would obey.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t kMost = 60;
  std::string words = "\"";
  for (const char letter : text.substr(0, kMost)) {
    const auto byte = static_cast<unsigned char>(letter);
    words += byte < 0x20 || byte >= 0x7f ? '?' : letter;
  }
  return words.append(text.size() > kMost ? "…\"" : "\"");
}

}  // namespace

Result<Expectation> Expectation::make(const ExpectSpec& spec) {
  if (spec.headers.size() > kMostHeaders) {
    return error(std::errc::argument_list_too_long, "more than 64 expected headers");
  }
  Expectation expectation;
  expectation.statuses_ = spec.status;
  if (expectation.statuses_.empty()) expectation.statuses_.push_back({100, 399});
  expectation.headers_.assign(spec.headers.begin(), spec.headers.end());
  expectation.wanted_ = spec.body_contains.value_or("");
  expectation.fallback_ = borders(expectation.wanted_);
  return expectation;
}

void Expectation::header(ExpectationState& state, std::string_view name,
                         std::string_view value) const {
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    if (headers_[i].first == name && value.find(headers_[i].second) != std::string_view::npos) {
      state.headers_seen |= std::uint64_t{1} << i;
    }
  }
}

void Expectation::body(ExpectationState& state, std::string_view piece) const {
  std::size_t matched = state.body_matched;
  for (const char letter : piece) {
    if (matched == wanted_.size()) break;
    while (matched > 0 && letter != wanted_[matched]) matched = fallback_[matched - 1];
    if (letter == wanted_[matched]) ++matched;
  }
  state.body_matched = matched;
}

bool Expectation::has_status(int status) const {
  return std::any_of(statuses_.begin(), statuses_.end(), [status](const StatusRange& range) {
    return range.low <= status && status <= range.high;
  });
}

bool Expectation::has_the_rest(const ExpectationState& state) const {
  if (state.body_matched != wanted_.size()) return false;
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    if ((state.headers_seen & (std::uint64_t{1} << i)) == 0) return false;
  }
  return true;
}

std::string Expectation::lack(const ExpectationState& state, int status) const {
  if (!has_status(status)) return {};
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    if ((state.headers_seen & (std::uint64_t{1} << i)) != 0) continue;
    const auto& [name, part] = headers_[i];
    std::string words = "no header " + name;
    if (!part.empty()) words.append(" with ").append(in_quotes(part));
    return words;
  }
  if (state.body_matched != wanted_.size()) return in_quotes(wanted_) + " is not in its body";
  return {};
}

}  // namespace squall::generators
