#include "scenarios/parse/words.h"

#include <cstddef>

#include "harness/base/nearest.h"

namespace squall::scenarios {
namespace {

constexpr std::size_t kMostWords = 10;
constexpr std::size_t kLongestQuote = 60;

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string shown = "'";
  bool cut = false;
  if (text.size() > kLongestQuote) {
    text = text.substr(0, kLongestQuote);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80U) != 0) {
      text.remove_suffix(1);  // Never half a character of UTF-8.
    }
    cut = true;
  }
  for (const char c : text) {
    if (c == '\n') {
      shown += "\\n";
    } else if (c == '\t') {
      shown += "\\t";
    } else if ((c >= '\0' && c < ' ') || c == '\x7f') {
      shown += '?';
    } else {
      shown += c;
    }
  }
  return shown + (cut ? "..." : "") + "'";
}

std::string one_of(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i == kMostWords && words.size() > kMostWords + 1) return text + ", ...";
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

std::string hint(std::string_view found, const std::vector<std::string>& words) {
  const std::string near = nearest(found, words);
  if (!near.empty()) return ", did you mean '" + near + "'?";
  if (words.empty()) return ": there is none";
  return ": expected " + one_of(words);
}

}  // namespace squall::scenarios
