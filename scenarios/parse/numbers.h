#pragma once

#include <string>
#include <string_view>

#include "scenarios/parse/values.h"

namespace squall::scenarios {

/// A number and the letters behind it: "250", "ms".
struct NumberWithUnit {
  double number = 0;
  std::string_view unit;
};

std::string_view trimmed(std::string_view text);

/// Reads a decimal number (no exponent) and what follows it, which may be nothing. Refuses
/// negative, not finite and overlong numbers; `expected` completes the sentence.
Parsed<NumberWithUnit> split_number(std::string_view text, std::string_view expected);

/// Reads a number with nothing behind it.
Parsed<double> parse_number(std::string_view text, std::string_view expected);

/// "'10' has no unit: expected a duration such as 250ms, 10s, 5m".
std::string has_no_unit(std::string_view text, std::string_view expected);

/// "'x' is not <expected>".
std::string is_not(std::string_view text, std::string_view expected);

}  // namespace squall::scenarios
