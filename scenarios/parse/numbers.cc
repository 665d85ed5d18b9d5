#include "scenarios/parse/numbers.h"

#include <charconv>
#include <cmath>
#include <system_error>

#include "scenarios/parse/words.h"

namespace squall::scenarios {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string has_no_unit(std::string_view text, std::string_view expected) {
  return in_quotes(text) + " has no unit: expected " + std::string(expected);
}

std::string is_not(std::string_view text, std::string_view expected) {
  return in_quotes(text) + " is not " + std::string(expected);
}

Parsed<NumberWithUnit> split_number(std::string_view text, std::string_view expected) {
  using Split = Parsed<NumberWithUnit>;
  const std::string_view digits = trimmed(text);
  if (digits.starts_with('-')) {
    const auto positive = split_number(digits.substr(1), expected);
    if (!positive.value) return Split::no(is_not(text, expected));
    return Split::no(in_quotes(text) + " is negative: expected " + std::string(expected));
  }
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') {
    return Split::no(is_not(text, expected));
  }
  NumberWithUnit split;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(),
                                              split.number, std::chars_format::fixed);
  if (failure != std::errc{} || !std::isfinite(split.number)) {
    return Split::no(in_quotes(text) + " is too large: expected " + std::string(expected));
  }
  split.unit = trimmed(digits.substr(static_cast<std::size_t>(end - digits.data())));
  return Split::ok(split);
}

Parsed<double> parse_number(std::string_view text, std::string_view expected) {
  const auto split = split_number(text, expected);
  if (!split.value) return Parsed<double>::no(split.mistake);
  if (!split.value->unit.empty()) return Parsed<double>::no(is_not(text, expected));
  return Parsed<double>::ok(split.value->number);
}

}  // namespace squall::scenarios
