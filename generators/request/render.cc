#include "generators/request/render.h"

#include <array>
#include <charconv>
#include <string_view>
#include <variant>

namespace squall::generators {
namespace {

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

struct Fill {
  RenderSource& source;
  std::string& out;

  void operator()(const std::string& text) const { out += text; }
  void operator()(const RandomInt& range) const {
    // Unsigned, so that no span overflows; from INT64_MIN to INT64_MAX the bound wraps to 0: all.
    const auto span =
        static_cast<std::uint64_t>(range.high) - static_cast<std::uint64_t>(range.low) + 1;
    append_number(static_cast<std::int64_t>(static_cast<std::uint64_t>(range.low) +
                                            source.random.below(span)),
                  out);
  }
  void operator()(const RandomUuid& /*uuid*/) const { append_uuid(source.random, out); }
  void operator()(const Sequence& /*sequence*/) const { append_number(source.number, out); }
  void operator()(const DataColumn& /*column*/) const {}
  void operator()(const TakenValue& /*value*/) const {}
};

}  // namespace

Result<void> check_renderable(const Template& text) {
  for (const auto& part : text.parts) {
    if (const auto* column = std::get_if<DataColumn>(&part)) {
      return error(std::errc::not_supported,
                   "${data." + column->table + "." + column->column + "}");
    }
    if (const auto* taken = std::get_if<TakenValue>(&part)) {
      return error(std::errc::not_supported, "${" + taken->name + "}");
    }
  }
  return {};
}

void render(const Template& text, RenderSource& source, std::string& out) {
  for (const auto& part : text.parts) std::visit(Fill{source, out}, part);
}

}  // namespace squall::generators
