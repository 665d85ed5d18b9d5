#include "generators/target/behaviour_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace squall::generators {
namespace {

using Words = std::vector<std::string_view>;

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array<Unit, 6> kTimes{
    {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}}};
constexpr std::array<Unit, 7> kSizes{{{"B", 1},
                                      {"KB", 1e3},
                                      {"MB", 1e6},
                                      {"GB", 1e9},
                                      {"KiB", 1024},
                                      {"MiB", 1048576},
                                      {"GiB", 1073741824}}};

Error bad(const std::string& what) { return error(std::errc::invalid_argument, what); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Words split(std::string_view text, char at) {
  Words words;
  while (true) {
    const auto end = text.find(at);
    if (const auto word = trimmed(text.substr(0, end)); !word.empty()) words.push_back(word);
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end + 1);
  }
}

/// The leading number of `text`, and what is behind it. Digits only: no sign, no "inf".
Result<std::pair<double, std::string_view>> leading_number(std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || text.front() < '0' || text.front() > '9') {
    return bad(fmt::format("'{}': expected a number", text));
  }
  return std::pair(value, text.substr(static_cast<std::size_t>(end - text.data())));
}

template <typename Units>
Result<double> with_unit(std::string_view text, const Units& units) {
  SQUALL_TRY(const auto parts, leading_number(text));
  for (const Unit& unit : units) {
    if (unit.name == parts.second) return parts.first * unit.factor;
  }
  return bad(
      fmt::format("'{}': expected a unit such as {} or {}", text, units[1].name, units[2].name));
}

Result<Share> share(std::string_view text) {
  SQUALL_TRY(const auto parts, leading_number(text));
  if (parts.second == "%") return Share{parts.first / 100};
  if (parts.second.empty()) return Share{parts.first};
  return bad(fmt::format("'{}': expected a share such as 2% or 0.02", text));
}

template <typename Whole>
Result<Whole> whole(std::string_view text) {
  Whole value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) {
    return bad(fmt::format("'{}': expected a whole number", text));
  }
  return value;
}

Result<ServiceTime> service_time(const Words& words) {
  ServiceTime service{
      .distribution = ServiceTime::Distribution::kConstant, .length = {}, .sigma = 0};
  SQUALL_TRY(const double seconds, with_unit(words[1], kTimes));
  service.length = from_seconds(seconds);
  if (words.size() == 2 || (words.size() == 3 && words[2] == "constant")) return service;
  if (words.size() == 3 && words[2] == "exponential") {
    service.distribution = ServiceTime::Distribution::kExponential;
    return service;
  }
  if (words.size() == 4 && words[2] == "lognormal") {
    service.distribution = ServiceTime::Distribution::kLognormal;
    SQUALL_TRY(const auto sigma, leading_number(words[3]));
    if (!sigma.second.empty()) return bad(fmt::format("'{}': expected a number", words[3]));
    service.sigma = sigma.first;
    return service;
  }
  return bad("expected constant, exponential or lognormal SIGMA behind the time");
}

Result<Thrash> thrash(const Words& words) {
  if (words.size() != 4 || words[2] != "beyond") {
    return bad("expected a share and the line that does no harm, as in 'thrash 3% beyond 50'");
  }
  Thrash thrash;
  SQUALL_TRY(thrash.each, share(words[1]));
  SQUALL_TRY(thrash.beyond, whole<std::uint64_t>(words[3]));
  return thrash;
}

Result<BehaviourChange> change(const Words& words) {
  BehaviourChange change;
  SQUALL_TRY(const double seconds, with_unit(words[1], kTimes));
  change.from = from_seconds(seconds);
  const Words rest(words.begin() + 2, words.end());
  if (rest.size() >= 2 && rest[0] == "service") {
    SQUALL_TRY(change.service, service_time(rest));
    return change;
  }
  if (rest.size() == 2 && rest[0] == "limit") {
    SQUALL_TRY(change.limit, whole<std::uint32_t>(rest[1]));
    return change;
  }
  return bad("expected 'limit N' or 'service …' behind the time, as in 'from 60s limit 4'");
}

Result<void> read_part(const Words& words, Behaviour& into) {
  const std::string_view what = words[0];
  if (words.size() < 2) return bad("a value is missing");
  if (what == "service") {
    SQUALL_TRY(into.service, service_time(words));
    return {};
  }
  if (what == "thrash") {
    SQUALL_TRY(into.thrash, thrash(words));
    return {};
  }
  if (what == "from") {
    SQUALL_TRY(const auto read, change(words));
    into.changes.push_back(read);
    return {};
  }
  if (what == "errors" && words.size() == 3) {
    SQUALL_TRY(into.error_status, whole<int>(words[2]));
  } else if (words.size() > 2) {
    return bad(fmt::format("'{}' is too much", words[2]));
  }
  if (what == "errors") {
    SQUALL_TRY(into.errors, share(words[1]));
  } else if (what == "resets") {
    SQUALL_TRY(into.resets, share(words[1]));
  } else if (what == "silence") {
    SQUALL_TRY(into.silence, share(words[1]));
  } else if (what == "limit") {
    SQUALL_TRY(into.limit, whole<std::uint32_t>(words[1]));
  } else if (what == "queue") {
    SQUALL_TRY(into.queue, whole<std::uint64_t>(words[1]));
  } else if (what == "status") {
    SQUALL_TRY(into.status, whole<int>(words[1]));
  } else if (what == "body") {
    SQUALL_TRY(const double size, with_unit(words[1], kSizes));
    // As close to the bound as check() needs to see that it is crossed.
    into.body.count = static_cast<std::uint64_t>(std::llround(std::min(size, 1e15)));
  } else {
    return bad(
        "expected service, limit, queue, thrash, from, errors, resets, silence, body or status");
  }
  return {};
}

}  // namespace

Result<std::pair<std::string, Behaviour>> parse_behaviour_text(std::string_view text) {
  auto colon = text.find(": ");
  if (colon == std::string_view::npos) colon = text.find(':');
  if (colon == std::string_view::npos) {
    return bad(fmt::format("behaviour '{}': expected 'PATH: …'", text));
  }
  std::pair<std::string, Behaviour> read(trimmed(text.substr(0, colon)), Behaviour{});
  if (auto sound = check_prefix(read.first); !sound) return std::move(sound).error();
  for (const std::string_view part : split(text.substr(colon + 1), ',')) {
    if (auto done = read_part(split(part, ' '), read.second); !done) {
      return std::move(done).error().within(fmt::format("behaviour of {}: '{}'", read.first, part));
    }
  }
  // Of two at the same time, the one that is written later counts.
  std::stable_sort(read.second.changes.begin(), read.second.changes.end(),
                   [](const auto& a, const auto& b) { return a.from < b.from; });
  if (auto sound = check(read.second); !sound) {
    return std::move(sound).error().within("behaviour of " + read.first);
  }
  return read;
}

}  // namespace squall::generators
