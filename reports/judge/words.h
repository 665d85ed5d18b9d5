#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/units.h"

/// Figures as people read them. The same in every locale: "60,000", "12.3 ms", "99.98 %".
namespace squall::reports {

/// "60,000".
std::string thousands(std::uint64_t count);

/// `count` and what is counted, in the right number: "1 request", "60,000 requests".
std::string counted(std::uint64_t count, std::string_view thing);

/// A measured time in three digits: "0 µs", "850 µs", "1.20 ms", "12.3 ms", "1.20 s", "3,600 s".
/// Without `unicode` microseconds are "us".
std::string in_three_digits(Duration time, bool unicode = true);

/// A length that somebody chose, without needless zeros: "250 ms", "1.5 s", "60 s".
std::string as_chosen(Duration length);

/// The same for long ones, in the largest unit of which it is a whole number: "30 d", "6 h",
/// "5 min", "90 s"; to a hundredth of a second.
std::string window_in_words(Duration length);

/// A rate to a tenth, or in whole numbers from 10,000/s on: "999.8/s", "60,000/s".
std::string rate_in_words(Rate rate);

/// An amount of data in three digits and powers of a thousand: "850 B", "98.2 kB", "1.20 GB".
std::string bytes_in_words(std::uint64_t bytes);

/// A share in percent, rounded down so that "100 %" means all: "99.98 %", "100 %", "0 %". At most
/// `decimals` digits after the point, without needless zeros.
std::string percent(double share, int decimals = 2);

/// A share of what is bad or spent in percent, to three significant digits and rounded up, so that
/// nothing but none is "0 %" and nothing beyond a limit looks to be within: "0.00193 %", "28 %";
/// infinity is "more than all".
std::string percent_up(double share);

/// How many digits after the point percent() needs to tell `share` exactly; at least 2, at most 6.
int percent_decimals(double share);

}  // namespace squall::reports
