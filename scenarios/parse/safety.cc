#include <algorithm>
#include <regex>

#include <absl/time/time.h>

#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

constexpr Duration kMostLongest = std::chrono::hours(24);
constexpr Duration kLeastLease = std::chrono::seconds(1);
constexpr Duration kMostLease = std::chrono::minutes(5);

/// "Mon-Thu 09:00-15:00" or "Mon 09:00-15:00".
Parsed<std::string> parse_window(std::string_view text) {
  static const std::regex kWindow(
      "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)(-(Mon|Tue|Wed|Thu|Fri|Sat|Sun))? "
      "([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)");
  constexpr std::size_t kLongest = 40;
  const std::string window(text.substr(0, kLongest));
  if (text.size() >= kLongest || !std::regex_match(window, kWindow)) {
    return Parsed<std::string>::no(in_quotes(text) +
                                   " is no window: expected one such as Mon-Thu 09:00-15:00");
  }
  const std::size_t hours = window.find(' ') + 1;
  if (window.substr(hours, 5) >= window.substr(hours + 6)) {
    return Parsed<std::string>::no(in_quotes(text) + " ends before it begins");
  }
  return Parsed<std::string>::ok(window);
}

/// "2026-12-20..2027-01-05" or one day.
Parsed<std::string> parse_days(std::string_view text) {
  static const std::regex kDays(
      "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
      "([.][.][0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]))?");
  constexpr std::size_t kDay = 10;
  constexpr std::size_t kLongest = 40;
  const std::string days(text.substr(0, kLongest));
  if (text.size() >= kLongest || !std::regex_match(days, kDays)) {
    return Parsed<std::string>::no(in_quotes(text) +
                                   " is no day or range of days: expected 2026-12-20..2027-01-05");
  }
  if (days.size() > kDay && days.substr(0, kDay) > days.substr(kDay + 2)) {
    return Parsed<std::string>::no(in_quotes(text) +
                                   " is reversed: expected the earlier day first");
  }
  return Parsed<std::string>::ok(days);
}

/// By IANA's names, as far as this machine's database has them.
Parsed<std::string> parse_timezone(std::string_view text) {
  // A path would be opened, whatever is there.
  static const std::regex kName("[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z][A-Za-z0-9_+-]*)*");
  constexpr std::size_t kLongest = 64;
  const std::string name(text.substr(0, kLongest + 1));
  absl::TimeZone zone;
  if (name.size() <= kLongest && std::regex_match(name, kName) && absl::LoadTimeZone(name, &zone)) {
    return Parsed<std::string>::ok(name);
  }
  return Parsed<std::string>::no(in_quotes(text) +
                                 " is no time zone that this machine knows: expected one such as "
                                 "Europe/Berlin or UTC");
}

void read_windows(Reading& reading, const Node& node, SafetySpec& safety) {
  const MapReader map(reading, node, "safety.windows", {"timezone", "allow", "except"});
  map.set(safety.timezone, "timezone",
          Kind<std::string>{"a time zone such as Europe/Berlin", parse_timezone});
  if (const Node* allow = map.find("allow")) {
    safety.allow_windows = read_list(
        reading, *allow, Kind<std::string>{"a window such as Mon-Thu 09:00-15:00", parse_window});
  }
  if (const Node* except = map.find("except")) {
    safety.except_windows = read_list(
        reading, *except, Kind<std::string>{"days such as 2026-12-20..2027-01-05", parse_days});
  }
}

}  // namespace

void read_safety(Reading& reading, const Node& section) {
  SafetySpec& safety = reading.scenario.safety;
  const MapReader map(reading, section, "safety", {"longest", "lease", "windows", "blast_radius"});
  map.set(safety.longest, "longest", kPositiveDuration);
  if (safety.longest > kMostLongest) {
    map.mistake_at("longest", "no run lasts longer than a day: expected at most 24h");
  }
  map.set(safety.lease, "lease", kPositiveDuration);
  if (safety.lease < kLeastLease || safety.lease > kMostLease) {
    map.mistake_at("lease", "expected a lease from 1s to 5m");
  }
  if (const Node* windows = map.find("windows")) {
    read_windows(reading, *windows, safety);
  }
  if (const Node* radius = map.find("blast_radius")) {
    const MapReader blast(reading, *radius, "safety.blast_radius", {"share", "agents"});
    blast.set(safety.blast_share, "share", kShare);
    blast.set(safety.blast_agents, "agents", kCount);
  }
}

void read_agents(Reading& reading, const Node& section) {
  const MapReader map(reading, section, "agents", {"lost"});
  map.set_word(reading.scenario.agent_lost, "lost", "way to take the loss of an agent",
               {{"abort", AgentLost::kAbort}, {"continue", AgentLost::kContinue}});
}

}  // namespace squall::scenarios
