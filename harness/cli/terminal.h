#pragma once

#include <cstddef>
#include <cstdio>

namespace squall::cli {

/// Whether a person looks at `stream`.
bool is_terminal(std::FILE* stream);
/// Whether `stream` should be coloured: a terminal, no NO_COLOR (https://no-color.org), not dumb.
bool shows_color(std::FILE* stream);
/// Whether the locale of the environment says UTF-8.
bool shows_unicode();
/// How wide `stream` is; 80 where that is not known, 140 at most.
std::size_t terminal_columns(std::FILE* stream);

}  // namespace squall::cli
