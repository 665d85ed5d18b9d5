// Whatever a table's file holds, it is read or refused; every value of what was read can be looked
// up, and the rows have as many values as there are columns.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "generators/request/data_table.h"

using squall::generators::DataSpec;
using squall::generators::DataTable;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* const name : {"t.csv", "t.jsonl"}) {
    const auto table = DataTable::parse(text, name, DataSpec::Order::kRandom, 1);
    if (!table) {
      if (table.error().trail.empty()) std::abort();
      continue;
    }
    if (table->rows() == 0 || table->columns().empty()) std::abort();
    std::size_t letters = 0;
    for (std::uint64_t row = 0; row < table->rows(); ++row) {
      for (std::size_t column = 0; column < table->columns().size(); ++column) {
        letters += table->cell(row, column).size();
      }
      if (table->row_of(row) >= table->rows()) std::abort();
    }
    if (letters > 8 * size) std::abort();  // A byte that is no UTF-8 becomes three.
  }
  return 0;
}
