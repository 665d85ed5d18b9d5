#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace squall::scenarios {

/// A sheet of character cells on which a chart is drawn.
///
/// Lifecycle:  a value; what is put outside of it is lost.
/// Threads:    one.
class Canvas {
 public:
  Canvas(std::size_t columns, std::size_t rows);

  /// Puts one character (of any bytes) into a cell.
  void put(std::size_t column, std::size_t row, std::string_view character);
  /// Puts a text from a cell to the right.
  void write(std::size_t column, std::size_t row, std::string_view text);
  /// Puts the same character into the cells from `from` to before `to`.
  void fill(std::size_t from, std::size_t to, std::size_t row, std::string_view character);
  /// The rows as lines, without blanks at their ends.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// How many cells a UTF-8 text takes.
std::size_t width_of(std::string_view text);

/// `text` in lines of at most `columns`, the first behind `head`, the others indented as deep.
std::string wrapped(const std::string& head, const std::string& text, std::size_t columns);

}  // namespace squall::scenarios
