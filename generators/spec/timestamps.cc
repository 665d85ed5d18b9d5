#include "generators/spec/timestamps.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>

namespace squall::generators {
namespace {

/// Reads a text from its beginning, piece by piece.
class Pieces {
 public:
  explicit Pieces(std::string_view text) : rest_(text) {}

  bool skip(std::string_view letters) {
    if (rest_.empty() || letters.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// So many digits.
  std::optional<int> number(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }

  /// Of the digits that follow a point, the nanoseconds that they are.
  std::int64_t fraction() {
    std::int64_t value = 0;
    std::int64_t unit = 100'000'000;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      value += unit * (rest_.front() - '0');
      unit /= 10;
      rest_.remove_prefix(1);
    }
    return value;
  }

  std::string_view take(std::size_t letters) {
    const std::string_view piece = rest_.substr(0, letters);
    rest_.remove_prefix(piece.size());
    return piece;
  }

  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<int> month_named(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (kMonths.at(i) == name) return static_cast<int>(i + 1);
  }
  return std::nullopt;
}

struct Moment {
  std::optional<int> year, month, day, hour, minute, second;
  std::int64_t nanoseconds = 0;

  /// None when a part is missing, or is no part of any day.
  std::optional<Duration> since_epoch() const {
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    const auto date = std::chrono::year(*year) / *month / *day;
    const bool is_day = date.ok() && *year >= 1970 && *year < 2200;
    if (!is_day || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
           std::chrono::minutes(*minute) + std::chrono::seconds(*second) +
           std::chrono::nanoseconds(nanoseconds);
  }
};

/// "Z", "+0100", "-01:00", or nothing; then the end.
std::optional<Duration> zone(Pieces& pieces) {
  pieces.skip(" ");
  if (pieces.at_end() || pieces.skip("Zz")) {
    return pieces.at_end() ? std::optional<Duration>(Duration::zero()) : std::nullopt;
  }
  const bool is_west = pieces.skip("-");
  if (!is_west && !pieces.skip("+")) return std::nullopt;
  const auto hours = pieces.number(2);
  pieces.skip(":");
  const auto minutes = pieces.number(2);
  if (!hours || !minutes || !pieces.at_end()) return std::nullopt;
  const Duration offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return is_west ? -offset : offset;
}

std::optional<Duration> with_zone(const Moment& moment, Pieces& pieces) {
  const auto local = moment.since_epoch();
  const auto offset = zone(pieces);
  if (!local || !offset) return std::nullopt;
  return *local - *offset;
}

std::optional<Duration> of_log(std::string_view text) {
  Pieces pieces(text);
  Moment moment;
  moment.day = pieces.number(2);
  if (!pieces.skip("/")) return std::nullopt;
  moment.month = month_named(pieces.take(3));
  if (!pieces.skip("/")) return std::nullopt;
  moment.year = pieces.number(4);
  if (!pieces.skip(":")) return std::nullopt;
  moment.hour = pieces.number(2);
  if (!pieces.skip(":")) return std::nullopt;
  moment.minute = pieces.number(2);
  if (!pieces.skip(":")) return std::nullopt;
  moment.second = pieces.number(2);
  return with_zone(moment, pieces);
}

std::optional<Duration> of_iso(std::string_view text) {
  Pieces pieces(text);
  Moment moment;
  moment.year = pieces.number(4);
  if (!pieces.skip("-")) return std::nullopt;
  moment.month = pieces.number(2);
  if (!pieces.skip("-")) return std::nullopt;
  moment.day = pieces.number(2);
  if (!pieces.skip("Tt ")) return std::nullopt;
  moment.hour = pieces.number(2);
  if (!pieces.skip(":")) return std::nullopt;
  moment.minute = pieces.number(2);
  if (!pieces.skip(":")) return std::nullopt;
  moment.second = pieces.number(2);
  if (pieces.skip(".,")) moment.nanoseconds = pieces.fraction();
  return with_zone(moment, pieces);
}

std::optional<Duration> of_number(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  constexpr double kLatest = 7e9;  // Seconds: within the year 2191.
  if (!(value >= 0) || value > kLatest * 1e9) return std::nullopt;
  while (value > kLatest) value /= 1000;
  // To the microsecond, which is what a double has left of our times.
  return std::chrono::microseconds(std::llround(value * 1e6));
}

}  // namespace

std::optional<Duration> parse_timestamp(std::string_view text) {
  if (auto moment = of_log(text)) return moment;
  if (auto moment = of_iso(text)) return moment;
  return of_number(text);
}

}  // namespace squall::generators
