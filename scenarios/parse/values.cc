#include "scenarios/parse/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "scenarios/parse/numbers.h"
#include "scenarios/parse/words.h"

namespace squall::scenarios {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr double kLongestSeconds = 366.0 * 24 * 3600;
constexpr double kHighestRate = 1e9;
constexpr double kMostBytes = 1e18;
constexpr double kMostBitsPerSecond = 1e15;
constexpr double kFewestBitsPerSecond = 1000;

constexpr std::array kTimeUnits{Unit{"ns", 1e-9}, Unit{"us", 1e-6}, Unit{"ms", 1e-3}, Unit{"s", 1},
                                Unit{"m", 60},    Unit{"h", 3600},  Unit{"d", 86400}};
constexpr std::array kPerUnits{Unit{"/s", 1}, Unit{"/m", 1.0 / 60}, Unit{"/h", 1.0 / 3600}};
constexpr std::array kSizeUnits{
    Unit{"B", 1},         Unit{"KB", 1e3},         Unit{"MB", 1e6},
    Unit{"GB", 1e9},      Unit{"TB", 1e12},        Unit{"KiB", 1024},
    Unit{"MiB", 1048576}, Unit{"GiB", 1073741824}, Unit{"TiB", 1099511627776}};
constexpr std::array kBandwidthUnits{Unit{"bit", 1}, Unit{"kbit", 1e3}, Unit{"mbit", 1e6},
                                     Unit{"gbit", 1e9}};

/// Reads "250ms" by a table of units.
Parsed<double> with_unit(std::string_view text, std::span<const Unit> units,
                         std::string_view expected, double most, std::string_view most_in_words) {
  const auto split = split_number(text, expected);
  if (!split.value) return Parsed<double>::no(split.mistake);
  const std::string_view unit = split.value->unit;
  if (unit.empty()) return Parsed<double>::no(has_no_unit(text, expected));
  const auto* known = std::find_if(units.data(), units.data() + units.size(),
                                   [&](const Unit& one) { return one.name == unit; });
  if (known == units.data() + units.size()) {
    std::vector<std::string> names;
    for (const Unit& one : units) names.emplace_back(one.name);
    return Parsed<double>::no(in_quotes(text) + " has an unknown unit " + in_quotes(unit) +
                              hint(unit, names));
  }
  const double value = split.value->number * known->factor;
  if (!(value <= most)) {
    return Parsed<double>::no(in_quotes(text) + " is too large: expected at most " +
                              std::string(most_in_words));
  }
  return Parsed<double>::ok(value);
}

template <typename T>
Parsed<T> failed(std::string why) {
  return Parsed<T>::no(std::move(why));
}

template <typename Number>
bool read_digits(std::string_view text, Number& number) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && failure == std::errc{} && end == text.data() + text.size();
}

constexpr int kLowestStatus = 100;
constexpr int kHighestStatus = 599;

bool is_status(int number) { return number >= kLowestStatus && number <= kHighestStatus; }

}  // namespace

Parsed<Duration> parse_duration(std::string_view text) {
  const auto seconds = with_unit(text, kTimeUnits, kDuration.expected, kLongestSeconds, "8784h");
  if (!seconds.value) return failed<Duration>(seconds.mistake);
  return Parsed<Duration>::ok(from_seconds(*seconds.value));
}

Parsed<Duration> parse_positive_duration(std::string_view text) {
  auto length = parse_duration(text);
  if (length.value && *length.value == Duration::zero()) {
    return failed<Duration>(in_quotes(text) + " is no time at all: expected a duration above 0");
  }
  return length;
}

Parsed<Rate> parse_rate(std::string_view text) {
  const auto rate = with_unit(text, kPerUnits, kRate.expected, kHighestRate, "1000000000/s");
  if (!rate.value) return failed<Rate>(rate.mistake);
  return Parsed<Rate>::ok(Rate{*rate.value});
}

Parsed<RateRange> parse_rate_range(std::string_view text) {
  const std::size_t dots = text.find("..");
  const auto from = parse_rate(trimmed(text.substr(0, dots)));
  if (!from.value) return failed<RateRange>(from.mistake);
  if (dots == std::string_view::npos) return Parsed<RateRange>::ok({*from.value, *from.value});
  const auto to = parse_rate(trimmed(text.substr(dots + 2)));
  if (!to.value) return failed<RateRange>(to.mistake);
  return Parsed<RateRange>::ok({*from.value, *to.value});
}

Parsed<Share> parse_positive_share(std::string_view text) {
  auto share = parse_share(text);
  if (share.value && share.value->value <= 0) {
    return failed<Share>(in_quotes(text) + " is nothing at all: expected a share above 0");
  }
  return share;
}

Parsed<Share> parse_share(std::string_view text) {
  const auto split = split_number(text, kShare.expected);
  if (!split.value) return failed<Share>(split.mistake);
  const bool in_percent = split.value->unit == "%";
  if (!in_percent && !split.value->unit.empty()) {
    return failed<Share>(is_not(text, kShare.expected));
  }
  const double share = in_percent ? split.value->number / 100 : split.value->number;
  if (share <= 1) return Parsed<Share>::ok(Share{share});
  if (!in_percent && share <= 100) {
    return failed<Share>(in_quotes(text) + " is more than the whole: did you mean '" +
                         std::string(trimmed(text)) + "%'?");
  }
  return failed<Share>(in_quotes(text) + " is more than the whole: expected 0% to 100%");
}

Parsed<Bytes> parse_size(std::string_view text) {
  const auto size = with_unit(text, kSizeUnits, kSize.expected, kMostBytes, "1000000TB");
  if (!size.value) return failed<Bytes>(size.mistake);
  return Parsed<Bytes>::ok(Bytes{static_cast<std::uint64_t>(std::llround(*size.value))});
}

Parsed<double> parse_bandwidth(std::string_view text) {
  auto bandwidth =
      with_unit(text, kBandwidthUnits, kBandwidth.expected, kMostBitsPerSecond, "1000000gbit");
  // At less a packet of 1500 bytes takes more than 12 s.
  if (bandwidth.value && *bandwidth.value < kFewestBitsPerSecond) {
    return failed<double>(in_quotes(text) +
                          " lets next to nothing through: expected 1kbit or more");
  }
  return bandwidth;
}

Parsed<double> parse_weight(std::string_view text) {
  auto weight = parse_number(text, kWeight.expected);
  if (weight.value && *weight.value <= 0) {
    return failed<double>(in_quotes(text) + " is no weight: expected a number above 0");
  }
  if (weight.value && *weight.value > kHighestRate) {
    return failed<double>(in_quotes(text) + " is too large: expected at most 1000000000");
  }
  return weight;
}

Parsed<std::uint64_t> parse_whole(std::string_view text) {
  const std::string_view digits = trimmed(text);
  std::uint64_t number = 0;
  if (read_digits(digits, number)) return Parsed<std::uint64_t>::ok(number);
  const bool all_digits = !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
  if (all_digits) {
    return failed<std::uint64_t>(in_quotes(text) + " is too large: expected at most " +
                                 std::to_string(std::numeric_limits<std::uint64_t>::max()));
  }
  const auto split = split_number(text, kWhole.expected);
  return failed<std::uint64_t>(split.value ? is_not(text, kWhole.expected) : split.mistake);
}

Parsed<std::uint64_t> parse_count(std::string_view text) {
  auto count = parse_whole(text);
  if (count.value && *count.value == 0) {
    return failed<std::uint64_t>(is_not(text, kCount.expected));
  }
  return count;
}

Parsed<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  if (read_digits(trimmed(text), port) && port > 0) return Parsed<std::uint16_t>::ok(port);
  if (text.find(':') != std::string_view::npos) {
    return failed<std::uint16_t>(in_quotes(text) + ": expected a port only, without an address");
  }
  return failed<std::uint16_t>(is_not(text, kPort.expected));
}

Parsed<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return Parsed<bool>::ok(true);
  if (text == "false" || text == "False" || text == "FALSE") return Parsed<bool>::ok(false);
  if (text == "yes" || text == "on")
    return failed<bool>(in_quotes(text) + ", did you mean 'true'?");
  if (text == "no" || text == "off") {
    return failed<bool>(in_quotes(text) + ", did you mean 'false'?");
  }
  return failed<bool>(is_not(text, kBoolean.expected));
}

Parsed<generators::StatusRange> parse_status(std::string_view text) {
  using Statuses = Parsed<generators::StatusRange>;
  const std::string_view status = trimmed(text);
  if (status.size() == 3 && status.ends_with("xx") && status[0] >= '1' && status[0] <= '5') {
    const int hundred = (status[0] - '0') * 100;
    return Statuses::ok({hundred, hundred + 99});
  }
  const std::size_t dash = status.find('-');
  int low = 0;
  int high = 0;
  if (!read_digits(trimmed(status.substr(0, dash)), low)) {
    return Statuses::no(is_not(text, kStatus.expected));
  }
  if (dash == std::string_view::npos) {
    high = low;
  } else if (!read_digits(trimmed(status.substr(dash + 1)), high)) {
    return Statuses::no(is_not(text, kStatus.expected));
  }
  if (!is_status(low) || !is_status(high)) {
    return Statuses::no(in_quotes(text) + " is no HTTP status: expected 100 to 599");
  }
  if (low > high) {
    return Statuses::no(in_quotes(text) + " is reversed: expected the lower status first");
  }
  return Statuses::ok({low, high});
}

Parsed<int> parse_one_status(std::string_view text) {
  int status = 0;
  if (read_digits(trimmed(text), status) && is_status(status)) return Parsed<int>::ok(status);
  return failed<int>(is_not(text, kOneStatus.expected));
}

Parsed<generators::ThinkSpec> parse_think(std::string_view text) {
  using Think = Parsed<generators::ThinkSpec>;
  using Distribution = generators::ThinkSpec::Distribution;
  const std::string_view whole = trimmed(text);
  const std::size_t space = whole.find(' ');
  const auto mean = parse_duration(whole.substr(0, space));
  if (!mean.value) return Think::no(mean.mistake);
  generators::ThinkSpec think{*mean.value, Distribution::kConstant};
  if (space == std::string_view::npos) return Think::ok(think);
  const std::string_view word = trimmed(whole.substr(space));
  constexpr std::array kWords{
      std::pair{"constant", Distribution::kConstant},
      std::pair{"exponential", Distribution::kExponential},
      std::pair{"uniform", Distribution::kUniform},
      std::pair{"normal", Distribution::kNormal},
      std::pair{"lognormal", Distribution::kLognormal},
      std::pair{"pareto", Distribution::kPareto},
  };
  std::vector<std::string> known;
  for (const auto& [name, distribution] : kWords) {
    known.emplace_back(name);
    if (word != name) continue;
    think.distribution = distribution;
    return Think::ok(think);
  }
  return Think::no("unknown distribution " + in_quotes(word) + hint(word, known));
}

Parsed<GoodSpec> parse_good(std::string_view text) {
  using Compare = GoodSpec::Compare;
  struct Sign {
    std::string_view text;
    Compare compare;
  };
  constexpr std::array kSigns{
      // Longer first: "<=" begins with "<".
      Sign{"<=", Compare::kLessOrEqual}, Sign{">=", Compare::kGreaterOrEqual},
      Sign{"!=", Compare::kNotEqual},    Sign{"==", Compare::kEqual},
      Sign{"<", Compare::kLess},         Sign{">", Compare::kGreater},
      Sign{"=", Compare::kEqual}};
  constexpr std::string_view kStatusWord = "status";
  std::string_view rest = trimmed(text);
  if (!rest.starts_with(kStatusWord)) return Parsed<GoodSpec>::no(is_not(text, kGood.expected));
  rest = trimmed(rest.substr(kStatusWord.size()));
  for (const Sign& sign : kSigns) {
    if (!rest.starts_with(sign.text)) continue;
    const auto status = parse_one_status(trimmed(rest.substr(sign.text.size())));
    if (!status.value) return Parsed<GoodSpec>::no(status.mistake);
    return Parsed<GoodSpec>::ok({std::string(trimmed(text)), sign.compare, *status.value});
  }
  return Parsed<GoodSpec>::no(is_not(text, kGood.expected));
}

}  // namespace squall::scenarios
