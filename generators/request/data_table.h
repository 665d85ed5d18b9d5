#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generators/spec/load_spec.h"
#include "harness/base/result.h"

namespace squall::generators {

/// The rows of a CSV or JSONL file, for templates to read.
///
/// All text lies in one block, with four bytes for each value beside it: a million rows of five
/// short columns take less than twice the file's size.
///
/// Lifecycle:  read once before the run, then shared.
/// Threads:    immutable, any thread may read it.
/// Errors:     read() names file and line of what it could not read.
class DataTable {
 public:
  /// Reads a file whose name ends in .csv (RFC 4180, with a header row) or .jsonl (an object a
  /// line; the keys of the first are the columns).
  static Result<DataTable> read(const std::filesystem::path& file, DataSpec::Order order,
                                std::uint64_t seed);
  /// The same from text; `name` stands for the file in messages, and its end tells the format.
  static Result<DataTable> parse(std::string_view text, const std::string& name,
                                 DataSpec::Order order, std::uint64_t seed);

  std::uint64_t rows() const { return rows_; }
  const std::vector<std::string>& columns() const { return columns_; }
  std::optional<std::size_t> column(std::string_view name) const;
  DataSpec::Order order() const { return order_; }
  const std::string& name() const { return name_; }

  /// `row` and `column` must be there.
  std::string_view cell(std::uint64_t row, std::size_t column) const;
  /// The row of the request or walk `number`, for orders other than once: a function of the number,
  /// however the load is split.
  std::uint64_t row_of(std::uint64_t number) const;

 private:
  friend class TableBuilder;

  std::string name_;
  std::vector<std::string> columns_;
  std::string text_;
  std::vector<std::uint32_t> ends_;  // Of each value within text_, row by row.
  std::uint64_t rows_ = 0;
  DataSpec::Order order_ = DataSpec::Order::kInOrder;
  std::uint64_t seed_ = 0;
};

/// The tables of a scenario, by name. Those who point into it rely on its addresses.
using DataTables = std::map<std::string, DataTable, std::less<>>;

/// Reads all tables; relative file names start at `directory`.
Result<DataTables> read_tables(const std::vector<std::pair<std::string, DataSpec>>& specs,
                               const std::filesystem::path& directory, std::uint64_t seed);

}  // namespace squall::generators
