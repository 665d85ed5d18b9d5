#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "reports/compare/compare.h"

namespace squall::reports {
namespace {

using Unit = Difference::Unit;

/// Three digits: "0.850", "12.3", "999".
std::string three_digits(double value) {
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

/// Of what is no more than `change`'s last digit, no sign is shown.
std::string percent_of(double value, int decimals) {
  const double rounded = std::round(value * 100 * std::pow(10, decimals)) / std::pow(10, decimals);
  return fmt::format("{:.{}f} %", rounded == 0 ? 0.0 : rounded, decimals);
}

int decimals_of(Unit unit) { return unit == Unit::kShare ? 3 : 1; }

}  // namespace

std::string value_in_words(const Difference& difference, const std::optional<double>& value) {
  if (!value) return "nothing";
  switch (difference.unit) {
    case Unit::kTime:
      return *value >= 1000 ? three_digits(*value / 1000) + " s" : three_digits(*value) + " ms";
    case Unit::kShare:
      return percent_of(*value, decimals_of(difference.unit));
    case Unit::kRate:
      return three_digits(*value) + "/s";
  }
  return "";
}

std::string change_in_words(const Difference& difference, const std::optional<double>& change) {
  if (!change) return "any";
  const std::string text = percent_of(*change, decimals_of(difference.unit));
  return *change > 0 ? "+" + text : text;
}

namespace {

std::string figure_in_words(const Difference& difference) {
  std::string text = difference.load;
  if (!difference.phase.empty()) text += " " + difference.phase;
  text += ": " + difference.figure;
  if (!difference.change) {
    return text + fmt::format(" was {} in A and {} in B", value_in_words(difference, difference.a),
                              value_in_words(difference, difference.b));
  }
  if (*difference.change == 0) {
    return text + " is the same, " + value_in_words(difference, difference.a);
  }
  text += fmt::format(" {} by {}", *difference.change < 0 ? "fell" : "rose",
                      percent_of(std::abs(*difference.change), decimals_of(difference.unit)));
  if (difference.unit == Unit::kShare) text += " of all";
  if (difference.low || difference.high) {
    text += fmt::format(" ({} to {})", change_in_words(difference, difference.low),
                        change_in_words(difference, difference.high));
  }
  return text + fmt::format(", from {} to {}", value_in_words(difference, difference.a),
                            value_in_words(difference, difference.b));
}

}  // namespace

std::string in_words(const Difference& difference) {
  const std::string text = figure_in_words(difference);
  return difference.note.empty() ? text : text + ", " + difference.note;
}

}  // namespace squall::reports
