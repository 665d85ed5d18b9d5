#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace squall::generators {

/// Reads the records of a CSV file (RFC 4180), one after another.
///
/// Lines end with LF or CRLF; a line break inside of quotes belongs to the field. Empty lines are
/// passed over, and a byte order mark at the beginning.
///
/// Lifecycle:  stands on the stack; the text outlives it.
/// Threads:    one owner at a time.
/// Errors:     next() fails for a quote that is not closed, or followed by something else; what
///             remains after that is not read.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text);

  /// Makes `fields` the next record; false at the end.
  Result<bool> next(std::vector<std::string>& fields);
  /// The line, from 1, on which the last record began.
  std::size_t line() const { return line_; }

 private:
  Result<void> read_quoted(std::string& field);

  std::string_view rest_;
  std::size_t line_ = 0;
  std::size_t next_line_ = 1;
};

/// How deep the lists and objects of a JSON text are nested, read or not. So that what recurses
/// over a text from outside can be spared it.
std::size_t json_nesting(std::string_view text);

/// The names of the columns of a CSV or JSONL file, by its first record alone.
Result<std::vector<std::string>> read_columns(const std::filesystem::path& file);

/// The keys of a JSONL line, in their order, and with `values` what they hold: texts as they are,
/// null as nothing, and all else as JSON. Fails for what is no object.
Result<std::vector<std::string>> read_json_line(std::string_view line,
                                                std::vector<std::string>* values);

/// True for the names of JSONL files; other tables are CSV.
bool is_json_lines(std::string_view file_name);

}  // namespace squall::generators
