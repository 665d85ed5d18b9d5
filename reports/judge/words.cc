#include "reports/judge/words.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace squall::reports {
namespace {

/// Without the zeros at the end of a decimal fraction.
std::string trimmed(std::string number) {
  if (number.find('.') == std::string::npos) return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return number;
}

}  // namespace

std::string thousands(std::uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

std::string counted(std::uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", thousands(count), thing, count == 1 ? "" : "s");
}

std::string in_three_digits(Duration time, bool unicode) {
  const std::string_view sign = time.count() < 0 ? "-" : "";
  const double nanos = std::abs(static_cast<double>(time.count()));
  const std::array<std::pair<double, std::string_view>, 3> units = {
      {{1e3, unicode ? "µs" : "us"}, {1e6, "ms"}, {1e9, "s"}}};
  for (const auto& [size, unit] : units) {
    const double value = nanos / size;
    // The bounds are those of what is shown: 999.6 is not "1000".
    if (value < 9.995 && size > 1e3) return fmt::format("{}{:.2f} {}", sign, value, unit);
    if (value < 99.95 && size > 1e3) return fmt::format("{}{:.1f} {}", sign, value, unit);
    if (value < 999.5) return fmt::format("{}{:.0f} {}", sign, value, unit);
  }
  return fmt::format("{}{} s", sign,
                     thousands(static_cast<std::uint64_t>(std::llround(nanos / 1e9))));
}

std::string rate_in_words(Rate rate) {
  constexpr double kWholeFrom = 10'000;
  if (!std::isfinite(rate.per_second)) return "-/s";
  const double value = std::max(rate.per_second, 0.0);
  const auto tenths = static_cast<std::uint64_t>(std::llround(value * 10));
  if (value >= kWholeFrom || tenths % 10 == 0) {
    return thousands(static_cast<std::uint64_t>(std::llround(value))) + "/s";
  }
  return fmt::format("{}.{}/s", thousands(tenths / 10), tenths % 10);
}

std::string bytes_in_words(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  for (const std::string_view unit : {"kB", "MB", "GB", "TB"}) {
    if (value < 9.995) return fmt::format("{:.2f} {}", value, unit);
    if (value < 99.95) return fmt::format("{:.1f} {}", value, unit);
    if (value < 999.5) return fmt::format("{:.0f} {}", value, unit);
    value /= 1000;
  }
  return fmt::format("{} PB", thousands(static_cast<std::uint64_t>(std::llround(value))));
}

std::string as_chosen(Duration length) {
  const auto nanos = static_cast<double>(length.count());
  if (std::abs(nanos) >= 1e9 || nanos == 0)
    return trimmed(fmt::format("{:.3f}", nanos / 1e9)) + " s";
  if (std::abs(nanos) >= 1e6) return trimmed(fmt::format("{:.3f}", nanos / 1e6)) + " ms";
  return trimmed(fmt::format("{:.3f}", nanos / 1e3)) + " µs";
}

std::string window_in_words(Duration length) {
  using namespace std::chrono_literals;
  constexpr std::array<std::pair<Duration, std::string_view>, 3> kUnits = {
      {{24h, "d"}, {1h, "h"}, {1min, "min"}}};
  for (const auto& [unit, name] : kUnits) {
    if (length < unit || length % unit != Duration::zero()) continue;
    return fmt::format("{} {}", length / unit, name);
  }
  return as_chosen(std::chrono::round<std::chrono::duration<std::int64_t, std::centi>>(length));
}

std::string percent(double share, int decimals) {
  const double scale = std::pow(10.0, decimals);
  // The tiny addition takes back what binary fractions take away: 0.29 × 100 is 28.999….
  const double shown = std::floor(share * 100 * scale + 1e-7) / scale;
  return trimmed(fmt::format("{:.{}f}", shown, decimals)) + " %";
}

std::string percent_up(double share) {
  if (!(share > 0)) return "0 %";
  if (share >= 1e15) return "more than all";
  const double value = share * 100;
  const int decimals = std::max(2 - static_cast<int>(std::floor(std::log10(value))), 0);
  const double scale = std::pow(10.0, decimals);
  // The tiny subtraction takes back what binary fractions add.
  const double shown = std::ceil(value * scale * (1 - 1e-12)) / scale;
  if (decimals == 0) return thousands(static_cast<std::uint64_t>(shown)) + " %";
  return trimmed(fmt::format("{:.{}f}", shown, decimals)) + " %";
}

int percent_decimals(double share) {
  constexpr int kMost = 6;
  for (int decimals = 2; decimals < kMost; ++decimals) {
    const double scaled = share * 100 * std::pow(10.0, decimals);
    if (std::abs(scaled - std::round(scaled)) < 1e-6) return decimals;
  }
  return kMost;
}

}  // namespace squall::reports
