#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace squall::scenarios {

/// The first byte that no text has: not well-formed UTF-8 (RFC 3629 §4), or a control character
/// other than tab, line feed and carriage return.
std::optional<std::size_t> first_not_text(std::string_view bytes);

/// How many characters well-formed UTF-8 holds.
std::size_t count_characters(std::string_view text);

}  // namespace squall::scenarios
