#include "generators/request/render.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace squall::generators {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

template <typename Number>
void append_number(Number number, std::string& out) {
  std::array<char, 24> digits;  // NOLINT: written before it is read
  const auto [end, failure] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end);
}

// RFC 9562 §5.4: version 4, variant 0b10, the rest random.
void append_uuid(Random& random, std::string& out) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::array<std::uint64_t, 2> bits{random.next(), random.next()};
  bits[0] = (bits[0] & ~0xf000ULL) | 0x4000ULL;
  bits[1] = (bits[1] & ~(0x3ULL << 62U)) | (0x2ULL << 62U);
  for (unsigned i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
    out += kHex[(bits[i / 16] >> (60U - 4U * (i % 16))) & 0xfU];
  }
}

bool is_hex(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'F') ||
         (letter >= 'a' && letter <= 'f');
}

/// RFC 3986 §3.3 and §3.4: pchar, '/' and '?'.
bool may_stand_in_path(char letter) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/?";
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || kMarks.find(letter) != std::string_view::npos;
}

/// How many single letters have to be changed to make one word of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t swapped = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, swapped});
    }
  }
  return row[b.size()];
}

Error unknown_column(const DataColumn& wanted, const DataTable& table) {
  const auto& columns = table.columns();
  const auto nearest =
      std::min_element(columns.begin(), columns.end(), [&](const auto& a, const auto& b) {
        return distance(wanted.column, a) < distance(wanted.column, b);
      });
  return error(std::errc::invalid_argument,
               "${data." + wanted.table + "." + wanted.column + "}: " + table.name() +
                   " has no column '" + wanted.column + "', did you mean '" + *nearest + "'?");
}

}  // namespace

struct PreparedText::Fill {
  const RenderContext& context;
  Random& random;
  TextPlace place;
  std::string& out;

  void put(std::string_view value) const {
    switch (place) {
      case TextPlace::kPath:
        append_to_path(value, out);
        break;
      case TextPlace::kHeader:
        append_to_header(value, out);
        break;
      case TextPlace::kBody:
        out += value;
        break;
    }
  }

  void operator()(const std::string& text) const { out += text; }
  void operator()(const RandomInt& range) const {
    // Unsigned, so that no span overflows; from INT64_MIN to INT64_MAX the bound wraps to 0: all.
    const auto span =
        static_cast<std::uint64_t>(range.high) - static_cast<std::uint64_t>(range.low) + 1;
    append_number(
        static_cast<std::int64_t>(static_cast<std::uint64_t>(range.low) + random.below(span)), out);
  }
  void operator()(const RandomUuid& /*uuid*/) const { append_uuid(random, out); }
  void operator()(const Sequence& /*sequence*/) const { append_number(context.number, out); }
  void operator()(const Cell& cell) const {
    const bool is_once = cell.table->order() == DataSpec::Order::kOnce;
    put(cell.table->cell(is_once ? context.row : cell.table->row_of(context.walk), cell.column));
  }
  void operator()(const Taken& taken) const {
    if (taken.index < context.taken.size()) put(context.taken[taken.index]);
  }
};

Result<PreparedText> PreparedText::make(const Template& text, const TextNames& names) {
  PreparedText made;
  for (const Template::Part& part : text.parts) {
    if (const auto* column = std::get_if<DataColumn>(&part)) {
      const DataTable* table = nullptr;
      if (names.tables != nullptr) {
        const auto found = names.tables->find(column->table);
        if (found != names.tables->end()) table = &found->second;
      }
      if (table == nullptr) {
        return error(std::errc::invalid_argument, "no table of data '" + column->table + "'");
      }
      const auto index = table->column(column->column);
      if (!index) return unknown_column(*column, *table);
      if (table->order() == DataSpec::Order::kOnce) {
        if (made.once_ != nullptr && made.once_ != table) {
          return error(std::errc::invalid_argument, "two tables with the order once");
        }
        made.once_ = table;
      }
      made.parts_.emplace_back(Cell{table, *index});
    } else if (const auto* taken = std::get_if<TakenValue>(&part)) {
      if (names.taken == nullptr) {
        return error(std::errc::invalid_argument, "${" + taken->name + "} is taken by no flow");
      }
      const auto found = std::find(names.taken->begin(), names.taken->end(), taken->name);
      if (found == names.taken->end()) {
        return error(std::errc::invalid_argument, "${" + taken->name + "} is taken by no step");
      }
      made.parts_.emplace_back(
          Taken{static_cast<std::size_t>(std::distance(names.taken->begin(), found))});
    } else if (const auto* fixed = std::get_if<std::string>(&part)) {
      made.parts_.emplace_back(*fixed);
    } else if (const auto* range = std::get_if<RandomInt>(&part)) {
      made.parts_.emplace_back(*range);
    } else if (std::holds_alternative<RandomUuid>(part)) {
      made.parts_.emplace_back(RandomUuid{});
    } else {
      made.parts_.emplace_back(Sequence{});
    }
  }
  return made;
}

bool PreparedText::is_constant() const {
  return std::all_of(parts_.begin(), parts_.end(),
                     [](const Part& part) { return std::holds_alternative<std::string>(part); });
}

std::string PreparedText::constant() const {
  std::string text;
  for (const Part& part : parts_) {
    if (const auto* piece = std::get_if<std::string>(&part)) text += *piece;
  }
  return text;
}

bool PreparedText::begins_constant() const {
  if (parts_.empty()) return false;
  const auto* first = std::get_if<std::string>(&parts_.front());
  return first != nullptr && !first->empty();
}

void PreparedText::render(const RenderContext& context, Random& random, TextPlace place,
                          std::string& out) const {
  const Fill fill{context, random, place, out};
  for (const Part& part : parts_) std::visit(fill, part);
}

void append_to_path(std::string_view value, std::string& out) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char letter = value[i];
    const bool is_encoded =
        letter == '%' && i + 2 < value.size() && is_hex(value[i + 1]) && is_hex(value[i + 2]);
    if (is_encoded || may_stand_in_path(letter)) {
      out += letter;
      continue;
    }
    const auto byte = static_cast<unsigned char>(letter);
    out += '%';
    out += kHexDigits[byte >> 4U];
    out += kHexDigits[byte & 0xfU];
  }
}

void append_to_header(std::string_view value, std::string& out) {
  std::copy_if(value.begin(), value.end(), std::back_inserter(out), [](char letter) {
    return letter == '\t' || (static_cast<unsigned char>(letter) >= ' ' && letter != '\x7f');
  });
}

void to_path(std::string& path) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!path.starts_with(scheme)) continue;
    path.erase(0, std::min(path.find_first_of("/?", scheme.size()), path.size()));
    break;
  }
  if (!path.starts_with('/')) path.insert(0, 1, '/');
}

}  // namespace squall::generators
