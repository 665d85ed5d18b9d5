#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "reports/text/summary_style.h"

/// Setting text in lines and columns.
namespace squall::reports {

enum class Paint { kPlain, kBold, kDim, kGreen, kYellow, kRed };

/// `text` in a colour, if the style has colours.
std::string painted(std::string_view text, Paint paint, const SummaryStyle& style);

/// How many columns `text` takes: one for each character of its UTF-8. It has no colours yet.
std::size_t width_of(std::string_view text);

/// `text` cut to `width` columns; what was cut shows as "…" or "..".
std::string cut_to(std::string_view text, std::size_t width, bool unicode);

/// `text` filled with spaces to `width` columns.
std::string filled_right(std::string_view text, std::size_t width);
std::string filled_left(std::string_view text, std::size_t width);

/// `text` in lines that fit the style, each with its newline: the first begins with `lead`, the
/// others with as many spaces. A word that is longer than a line is not broken.
std::string wrapped(std::string_view lead, std::string_view text, const SummaryStyle& style);

/// Rows of cells in aligned columns, each row with its newline: the first column to the left and
/// cut if the table would be too wide, the others to the right. The first row is the heading. What
/// lies between the columns shrinks before anything is cut.
std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t indent,
                  const SummaryStyle& style);

}  // namespace squall::reports
