#include "harness/base/peer_words.h"

#include <algorithm>

namespace squall {
namespace {

bool is_control(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return byte < 0x20 || byte == 0x7f;
}

/// True within a character of UTF-8, not at its beginning (RFC 3629 §3).
bool goes_on(char letter) { return (static_cast<unsigned char>(letter) & 0xc0U) == 0x80U; }

}  // namespace

std::string in_peers_words(std::string_view text, std::size_t most) {
  std::size_t end = std::min(text.size(), most);
  while (end > 0 && end < text.size() && goes_on(text[end])) --end;
  std::string words(text.substr(0, end));
  std::replace_if(words.begin(), words.end(), is_control, '?');
  return words;
}

}  // namespace squall
