#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace squall {

/// What another machine says, fit for a terminal and a log: at most `most` bytes, cut between
/// characters of UTF-8, and a question mark for each control character.
std::string in_peers_words(std::string_view text, std::size_t most);

}  // namespace squall
