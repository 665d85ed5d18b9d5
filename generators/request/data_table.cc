#include "generators/request/data_table.h"

#include <algorithm>
#include <limits>

#include "generators/schedule/random.h"
#include "generators/spec/records.h"
#include "harness/base/files.h"

namespace squall::generators {
namespace {

Error wrong(const std::string& why) { return error(std::errc::invalid_argument, why); }

}  // namespace

/// Puts a table together, row by row.
class TableBuilder {
 public:
  TableBuilder(std::string name, DataSpec::Order order, std::uint64_t seed) {
    table_.name_ = std::move(name);
    table_.order_ = order;
    table_.seed_ = seed;
  }

  bool has_columns() const { return !table_.columns_.empty(); }
  std::vector<std::string>& columns() { return table_.columns_; }

  Result<void> set_columns(std::vector<std::string> columns) {
    std::vector<std::string> sorted = columns;
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) return wrong("two columns are named '" + *twice + "'");
    if (columns.empty()) return wrong("no columns");
    table_.columns_ = std::move(columns);
    return {};
  }

  Result<void> add(const std::string& value) {
    if (table_.text_.size() + value.size() > std::numeric_limits<std::uint32_t>::max()) {
      return wrong("more than 4 GiB of text");
    }
    table_.text_ += value;
    table_.ends_.push_back(static_cast<std::uint32_t>(table_.text_.size()));
    return {};
  }

  Result<void> add_row(const std::vector<std::string>& values) {
    if (table_.rows_ == std::numeric_limits<std::uint32_t>::max()) return wrong("too many rows");
    for (const std::string& value : values) {
      if (auto added = add(value); !added) return added;
    }
    ++table_.rows_;
    return {};
  }

  Result<DataTable> finish() && {
    if (table_.rows_ == 0) return wrong(table_.name_ + ": no rows");
    table_.text_.shrink_to_fit();
    table_.ends_.shrink_to_fit();
    return std::move(table_);
  }

 private:
  DataTable table_;
};

namespace {

Result<void> read_csv(std::string_view text, TableBuilder& builder, const std::string& name) {
  CsvReader reader(text);
  std::vector<std::string> fields;
  const auto at_line = [&](Error problem) {
    return std::move(problem).within(name + ":" + std::to_string(reader.line()));
  };
  for (;;) {
    auto more = reader.next(fields);
    if (!more) return at_line(std::move(more).error());
    if (!*more) return {};
    Result<void> done;
    if (!builder.has_columns()) {
      done = builder.set_columns(fields);
    } else if (fields.size() != builder.columns().size()) {
      done = wrong(std::to_string(fields.size()) + " values for " +
                   std::to_string(builder.columns().size()) + " columns");
    } else {
      done = builder.add_row(fields);
    }
    if (!done) return at_line(std::move(done).error());
  }
}

/// The values of one line of JSON, in the order of the columns.
Result<void> add_object(std::string_view line, TableBuilder& builder) {
  std::vector<std::string> values;
  SQUALL_TRY(const auto keys, read_json_line(line, &values));
  if (!builder.has_columns()) {
    if (auto set = builder.set_columns(keys); !set) return set;
    return builder.add_row(values);
  }
  std::vector<std::string> row;
  for (const std::string& column : builder.columns()) {
    const auto key = std::find(keys.begin(), keys.end(), column);
    if (key == keys.end()) return wrong("no '" + column + "'");
    row.push_back(values[static_cast<std::size_t>(std::distance(keys.begin(), key))]);
  }
  return builder.add_row(row);
}

Result<void> read_lines(std::string_view text, TableBuilder& builder, const std::string& name) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (auto added = add_object(line, builder); !added) {
      return std::move(added).error().within(name + ":" + std::to_string(number));
    }
  }
  return {};
}

}  // namespace

Result<DataTable> DataTable::parse(std::string_view text, const std::string& name,
                                   DataSpec::Order order, std::uint64_t seed) {
  TableBuilder builder(name, order, seed);
  auto read = is_json_lines(name) ? read_lines(text, builder, name) : read_csv(text, builder, name);
  if (!read) return std::move(read).error();
  return std::move(builder).finish();
}

Result<DataTable> DataTable::read(const std::filesystem::path& file, DataSpec::Order order,
                                  std::uint64_t seed) {
  SQUALL_TRY(const std::string text, read_file(file));
  return parse(text, file.string(), order, seed);
}

std::optional<std::size_t> DataTable::column(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(std::distance(columns_.begin(), found));
}

std::string_view DataTable::cell(std::uint64_t row, std::size_t column) const {
  const std::size_t index = row * columns_.size() + column;
  const std::uint32_t begin = index == 0 ? 0 : ends_[index - 1];
  return std::string_view(text_).substr(begin, ends_[index] - begin);
}

std::uint64_t DataTable::row_of(std::uint64_t number) const {
  if (order_ == DataSpec::Order::kRandom) return random_at(seed_, number) % rows_;
  return number % rows_;
}

Result<DataTables> read_tables(const std::vector<std::pair<std::string, DataSpec>>& specs,
                               const std::filesystem::path& directory, std::uint64_t seed) {
  DataTables tables;
  for (const auto& [name, spec] : specs) {
    auto table =
        DataTable::read(directory / spec.file, spec.order, derive_seed(seed, "data." + name));
    if (!table) return std::move(table).error().within("data " + name);
    tables.emplace(name, *std::move(table));
  }
  return tables;
}

}  // namespace squall::generators
