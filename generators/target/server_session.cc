#include "generators/target/server_session.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace squall::generators {

void fill_body(std::span<std::uint8_t> into, std::uint64_t from) {
  // Many repetitions in a row, so that one copy serves a whole frame.
  static const std::array<char, 32768 + 64> kText = [] {
    std::array<char, 32768 + 64> text{};
    for (std::size_t at = 0; at < text.size(); ++at) text.at(at) = kBodyText[at % 64];
    return text;
  }();
  while (!into.empty()) {
    const std::size_t part = std::min<std::size_t>(into.size(), 32768);
    std::memcpy(into.data(), kText.data() + from % 64, part);
    into = into.subspan(part);
    from += part;
  }
}

}  // namespace squall::generators
