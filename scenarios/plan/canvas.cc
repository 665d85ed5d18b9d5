#include "scenarios/plan/canvas.h"

#include <algorithm>
#include <sstream>

namespace squall::scenarios {
namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

Canvas::Canvas(std::size_t columns, std::size_t rows)
    : rows_(rows, std::vector<std::string>(columns, " ")) {}

void Canvas::put(std::size_t column, std::size_t row, std::string_view character) {
  if (row < rows_.size() && column < rows_[row].size()) rows_[row][column] = character;
}

void Canvas::write(std::size_t column, std::size_t row, std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t length = 1;
    while (at + length < text.size() && continues_character(text[at + length])) ++length;
    put(column++, row, text.substr(at, length));
    at += length;
  }
}

void Canvas::fill(std::size_t from, std::size_t to, std::size_t row, std::string_view character) {
  for (std::size_t column = from; column < to; ++column) put(column, row, character);
}

std::string Canvas::text() const {
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (const std::string& cell : row) line += cell;
    line.resize(line.find_last_not_of(' ') == std::string::npos ? 0
                                                                : line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

std::string wrapped(const std::string& head, const std::string& text, std::size_t columns) {
  const std::size_t indent = width_of(head);
  std::string made;
  std::string line = head;
  bool is_fresh = true;  // Nothing stands on this line but the head or the indentation.
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!is_fresh && width_of(line) + 1 + width_of(word) > columns) {
      made += line + "\n";
      line = std::string(indent, ' ');
      is_fresh = true;
    }
    line += (is_fresh ? "" : " ") + word;
    is_fresh = false;
  }
  return made + line + "\n";
}

}  // namespace squall::scenarios
