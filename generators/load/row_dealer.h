#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "generators/request/data_table.h"
#include "generators/schedule/arrival_walk.h"

namespace squall::generators {

/// Deals the rows of tables with the order once: each row to one request or walk of one shard.
///
/// A shard has the rows that its slice names, as it has the requests: two shards never deal the
/// same, and together they deal all.
///
/// Lifecycle:  a value, made once per load and shard; the tables outlive it.
/// Threads:    one owner at a time.
/// Errors:     none; what is used up deals nothing.
class RowDealer {
 public:
  explicit RowDealer(Slice slice) : slice_(std::move(slice)) {}

  /// The next row of `table`, or none when this slice of it is used up.
  std::optional<std::uint32_t> deal(const DataTable& table) {
    auto known = std::find_if(next_.begin(), next_.end(),
                              [&table](const auto& entry) { return entry.first == &table; });
    if (known == next_.end()) known = next_.emplace(next_.end(), &table, 0);
    const std::uint64_t row = slice_.number(known->second);
    if (row >= table.rows()) return std::nullopt;
    ++known->second;
    return static_cast<std::uint32_t>(row);
  }

 private:
  Slice slice_;
  std::vector<std::pair<const DataTable*, std::uint64_t>> next_;  // Indices into the slice.
};

}  // namespace squall::generators
