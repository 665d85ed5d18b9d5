#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace squall::scenarios {

/// "'text'", with control characters made visible, cut where it is long.
std::string in_quotes(std::string_view text);

/// "a, b or c".
std::string one_of(const std::vector<std::string>& words);

/// ", did you mean 'edge'?" when a word is near, else ": expected a, b or c" (cut at ten words).
std::string hint(std::string_view found, const std::vector<std::string>& words);

}  // namespace squall::scenarios
