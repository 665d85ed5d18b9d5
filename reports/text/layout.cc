#include "reports/text/layout.h"

#include <algorithm>
#include <numeric>

namespace squall::reports {
namespace {

constexpr std::size_t kGap = 2;             // Between columns.
constexpr std::size_t kNarrowestFirst = 8;  // Columns that the first column of a table keeps.

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80; }

std::string_view code_of(Paint paint) {
  switch (paint) {
    case Paint::kPlain:
      return "";
    case Paint::kBold:
      return "\x1b[1m";
    case Paint::kDim:
      return "\x1b[2m";
    case Paint::kGreen:
      return "\x1b[1;32m";
    case Paint::kYellow:
      return "\x1b[1;33m";
    case Paint::kRed:
      return "\x1b[1;31m";
  }
  return "";
}

}  // namespace

std::string painted(std::string_view text, Paint paint, const SummaryStyle& style) {
  if (!style.color || paint == Paint::kPlain || text.empty()) return std::string(text);
  return std::string(code_of(paint)) + std::string(text) + "\x1b[0m";
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string cut_to(std::string_view text, std::size_t width, bool unicode) {
  if (width_of(text) <= width) return std::string(text);
  const std::string_view mark = unicode ? "…" : "..";
  const std::size_t kept = width - std::min(width, width_of(mark));
  std::size_t characters = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    if (begins_character(text[end]) && characters++ == kept) break;
    ++end;
  }
  return std::string(text.substr(0, end)) + std::string(mark);
}

std::string filled_right(std::string_view text, std::size_t width) {
  const std::size_t given = width_of(text);
  return std::string(text) + std::string(width > given ? width - given : 0, ' ');
}

std::string filled_left(std::string_view text, std::size_t width) {
  const std::size_t given = width_of(text);
  return std::string(width > given ? width - given : 0, ' ') + std::string(text);
}

std::string wrapped(std::string_view lead, std::string_view text, const SummaryStyle& style) {
  const std::size_t indent = width_of(lead);
  std::string out(lead);
  std::size_t column = indent;
  while (!text.empty()) {
    const std::size_t space = text.find_first_of(" \n");
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    if (word.empty()) continue;
    const std::size_t width = width_of(word);
    if (column > indent && column + 1 + width > style.columns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += width;
  }
  return out + "\n";
}

std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t indent,
                  const SummaryStyle& style) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  if (widths.empty()) return "";
  std::size_t gap = 2;
  std::size_t others = std::accumulate(widths.begin() + 1, widths.end(), indent);
  if (widths[0] + others + gap * (widths.size() - 1) > style.columns) gap = 1;
  others += gap * (widths.size() - 1);
  const std::size_t left = style.columns > others ? style.columns - others : 0;
  widths[0] = std::min(widths[0], std::max(left, kNarrowestFirst));

  std::string out;
  for (const auto& row : rows) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == 0) {
        line += filled_right(cut_to(row[0], widths[0], style.unicode), widths[0]);
      } else {
        line += std::string(gap, ' ') + filled_left(row[i], widths[i]);
      }
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += painted(line, &row == &rows.front() ? Paint::kDim : Paint::kPlain, style) + "\n";
  }
  return out;
}

}  // namespace squall::reports
