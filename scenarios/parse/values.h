#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "generators/spec/load_spec.h"
#include "harness/base/units.h"
#include "scenarios/model/scenario.h"

namespace squall::scenarios {

/// A value that was read from text, or the sentence that says why it could not be.
template <typename T>
struct Parsed {
  std::optional<T> value;
  std::string mistake;

  static Parsed ok(T read) { return {std::move(read), {}}; }
  static Parsed no(std::string why) { return {std::nullopt, std::move(why)}; }
};

/// How a kind of value is read, and what is said when something else stands there.
template <typename T>
struct Kind {
  std::string_view expected;  ///< "a duration such as 250ms, 10s, 5m".
  Parsed<T> (*parse)(std::string_view text);
};

/// A rate at its two ends: `100/s .. 2000/s`, or twice the same.
struct RateRange {
  Rate from;
  Rate to;
};

Parsed<Duration> parse_duration(std::string_view text);
Parsed<Duration> parse_positive_duration(std::string_view text);
Parsed<Rate> parse_rate(std::string_view text);
Parsed<RateRange> parse_rate_range(std::string_view text);
Parsed<Share> parse_share(std::string_view text);
Parsed<Share> parse_positive_share(std::string_view text);
Parsed<Bytes> parse_size(std::string_view text);
Parsed<double> parse_bandwidth(std::string_view text);  ///< Bits per second.
Parsed<double> parse_weight(std::string_view text);
Parsed<std::uint64_t> parse_whole(std::string_view text);
Parsed<std::uint64_t> parse_count(std::string_view text);
Parsed<std::uint16_t> parse_port(std::string_view text);
Parsed<bool> parse_boolean(std::string_view text);
Parsed<generators::StatusRange> parse_status(std::string_view text);
Parsed<int> parse_one_status(std::string_view text);
Parsed<generators::ThinkSpec> parse_think(std::string_view text);
Parsed<GoodSpec> parse_good(std::string_view text);
Parsed<std::string> parse_address(std::string_view text);        ///< IPv4 or IPv6.
Parsed<std::string> parse_address_block(std::string_view text);  ///< The same, or with /bits.
Parsed<std::string> parse_line(std::string_view text);  ///< Not empty, no control characters.
Parsed<std::string> parse_text(std::string_view text);  ///< Anything but a zero byte.

constexpr Kind<Duration> kDuration{"a duration such as 250ms, 10s, 5m", parse_duration};
constexpr Kind<Duration> kPositiveDuration{"a duration such as 250ms, 10s, 5m",
                                           parse_positive_duration};
constexpr Kind<Rate> kRate{"a rate such as 500/s or 30/m", parse_rate};
constexpr Kind<RateRange> kRateRange{"a rate such as 500/s, or 100/s .. 2000/s", parse_rate_range};
constexpr Kind<Share> kShare{"a share such as 2% or 0.02", parse_share};
constexpr Kind<Share> kPositiveShare{"a share such as 2% or 0.02", parse_positive_share};
constexpr Kind<Bytes> kSize{"a size such as 64KiB or 10MB", parse_size};
constexpr Kind<double> kBandwidth{"a bandwidth such as 10mbit", parse_bandwidth};
constexpr Kind<double> kWeight{"a weight above 0", parse_weight};
constexpr Kind<std::uint64_t> kWhole{"a whole number", parse_whole};
constexpr Kind<std::uint64_t> kCount{"a whole number of at least 1", parse_count};
constexpr Kind<std::uint16_t> kPort{"a port from 1 to 65535", parse_port};
constexpr Kind<bool> kBoolean{"true or false", parse_boolean};
constexpr Kind<generators::StatusRange> kStatus{"a status such as 200, 2xx or 200-299",
                                                parse_status};
constexpr Kind<int> kOneStatus{"a status from 100 to 599", parse_one_status};
constexpr Kind<generators::ThinkSpec> kThink{"a think time such as 200ms or 200ms exponential",
                                             parse_think};
constexpr Kind<GoodSpec> kGood{"a condition such as status < 500", parse_good};
constexpr Kind<std::string> kAddress{"an IP address", parse_address};
constexpr Kind<std::string> kAddressBlock{"an IP address or a block such as 10.0.0.0/8",
                                          parse_address_block};
constexpr Kind<std::string> kLine{"a text", parse_line};
constexpr Kind<std::string> kText{"a text", parse_text};

}  // namespace squall::scenarios
