#include "generators/target/server_session.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace squall::generators {

std::span<const char> body_piece(std::uint64_t from) {
  // Many repetitions in a row, so that one copy serves a whole frame.
  static const std::array<char, 32768 + 64> kText = [] {
    std::array<char, 32768 + 64> text{};
    for (std::size_t at = 0; at < text.size(); ++at) text.at(at) = kBodyText[at % 64];
    return text;
  }();
  return {kText.data() + from % 64, 32768};
}

void fill_body(std::span<std::uint8_t> into, std::uint64_t from) {
  while (!into.empty()) {
    const std::span<const char> text = body_piece(from);
    const std::size_t part = std::min(into.size(), text.size());
    std::memcpy(into.data(), text.data(), part);
    into = into.subspan(part);
    from += part;
  }
}

}  // namespace squall::generators
