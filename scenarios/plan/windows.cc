#include "scenarios/plan/windows.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <vector>

#include <absl/time/civil_time.h>
#include <absl/time/time.h>
#include <fmt/format.h>

namespace squall::scenarios {
namespace {

constexpr int kMinutesOfAnHour = 60;
constexpr int kDaysLookedAt = 366;
constexpr std::size_t kDayName = 3;  // Characters of "Mon", and from one to the next in "Mon-Thu".

/// "Mon-Thu 09:00-15:00", by the clock and the calendar of its time zone.
struct Window {
  int first_day;  ///< 0 is Monday.
  int last_day;   ///< Before the first: the days go round the end of the week.
  int opens;      ///< Minutes after midnight.
  int closes;
};

int weekday_of(std::string_view name) {
  constexpr std::array<std::string_view, 7> kNames{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  return static_cast<int>(
      std::distance(kNames.begin(), std::find(kNames.begin(), kNames.end(), name)));
}

int minutes_of(std::string_view clock) {
  const auto number = [clock](std::size_t at) {
    int value = 0;
    std::from_chars(clock.data() + at, clock.data() + at + 2, value);
    return value;
  };
  return number(0) * kMinutesOfAnHour + number(3);
}

/// Of a window that parse() has found to be one.
Window window_of(std::string_view text) {
  const std::size_t space = text.find(' ');
  const std::string_view clock = text.substr(space + 1);
  return {weekday_of(text.substr(0, kDayName)), weekday_of(text.substr(space - kDayName, kDayName)),
          minutes_of(clock), minutes_of(clock.substr(clock.find('-') + 1))};
}

class Calendar {
 public:
  Calendar(const SafetySpec& safety, absl::TimeZone zone)
      : zone_(zone), except_(safety.except_windows) {
    for (const std::string& text : safety.allow_windows) windows_.push_back(window_of(text));
    if (windows_.empty()) windows_.push_back(window_of("Mon-Sun 00:00-24:00"));
  }

  /// Until when it is open from `at` on; `at` when it is closed then.
  absl::Time open_until(absl::Time at) const {
    const absl::CivilDay day = absl::ToCivilDay(at, zone_);
    absl::Time until = at;
    for (const Window& window : on(day)) {
      if (on_clock(day, window.opens) > at) continue;
      until = std::max(until, on_clock(day, window.closes));
    }
    return until;
  }

  /// The moment from `from` on at which the windows close before `end`; none when they do not.
  std::optional<absl::Time> closes(absl::Time from, absl::Time end) const {
    for (absl::Time at = from;;) {
      const absl::Time until = open_until(at);
      if (until <= at) return at;
      if (until >= end) return std::nullopt;
      at = until;
    }
  }

  /// The first opening after `from` that leaves `length`.
  std::optional<absl::Time> opens(absl::Time from, absl::Duration length) const {
    absl::CivilDay day = absl::ToCivilDay(from, zone_);
    for (int i = 0; i < kDaysLookedAt; ++i, ++day) {
      std::optional<absl::Time> first;
      for (const Window& window : on(day)) {
        const absl::Time at = on_clock(day, window.opens);
        if (at <= from || closes(at, at + length)) continue;
        first = std::min(first.value_or(at), at);
      }
      if (first) return first;
    }
    return std::nullopt;
  }

  std::string in_words(absl::Time at) const {
    return absl::FormatTime("%a %Y-%m-%d %H:%M", at, zone_) + " " + zone_.name();
  }

 private:
  std::vector<Window> on(absl::CivilDay day) const {
    const std::string date = absl::FormatCivilTime(day);
    for (const std::string& days : except_) {
      const std::string_view first = std::string_view(days).substr(0, date.size());
      const std::string_view last = std::string_view(days).substr(days.size() - date.size());
      if (first <= date && date <= last) return {};
    }
    const int weekday = static_cast<int>(absl::GetWeekday(day));
    std::vector<Window> found;
    for (const Window& window : windows_) {
      const bool is_after = window.first_day <= weekday;
      const bool is_before = weekday <= window.last_day;
      const bool goes_round = window.last_day < window.first_day;
      if (goes_round ? is_after || is_before : is_after && is_before) found.push_back(window);
    }
    return found;
  }

  absl::Time on_clock(absl::CivilDay day, int minutes) const {
    return absl::FromCivil(absl::CivilMinute(day) + minutes, zone_);
  }

  absl::TimeZone zone_;
  std::vector<std::string> except_;
  std::vector<Window> windows_;
};

}  // namespace

std::optional<std::string> why_closed(const SafetySpec& safety, WallTime from, Duration length) {
  absl::TimeZone zone = absl::UTCTimeZone();
  if (safety.timezone && !absl::LoadTimeZone(*safety.timezone, &zone)) {
    return "this machine does not know the time zone " + *safety.timezone;
  }
  const Calendar calendar(safety, zone);
  const absl::Time begin = absl::FromChrono(from);
  const absl::Time end = begin + absl::FromChrono(length);
  const auto closes = calendar.closes(begin, end);
  if (!closes) return std::nullopt;
  const auto opens = calendar.opens(begin, end - begin);
  return fmt::format(
      "{}; {}",
      *closes == begin ? "it is " + calendar.in_words(begin) + ", when safety.windows are closed"
                       : fmt::format("it would last until {}, but safety.windows close at {}",
                                     calendar.in_words(end), calendar.in_words(*closes)),
      opens ? "it may begin at " + calendar.in_words(*opens) : "it never may within a year");
}

}  // namespace squall::scenarios
