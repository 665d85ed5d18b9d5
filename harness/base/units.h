#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace squall {

/// A length of time, or an offset from the start of the load.
using Duration = std::chrono::nanoseconds;

/// A moment of the monotonic clock (CLOCK_MONOTONIC); only differences mean anything.
using Instant = std::chrono::steady_clock::time_point;

/// A moment of the wall clock, for people; never used to measure.
using WallTime = std::chrono::system_clock::time_point;

/// How many per second. Zero is a rate; negative or not finite is not.
struct Rate {
  double per_second = 0;
  auto operator<=>(const Rate&) const = default;
};

/// A part of a whole, 0 to 1.
struct Share {
  double value = 0;
  auto operator<=>(const Share&) const = default;
};

/// An amount of data.
struct Bytes {
  std::uint64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};

/// Seconds as a floating number, for JSON and people.
constexpr double to_seconds(Duration length) {
  return std::chrono::duration<double>(length).count();
}

/// Milliseconds as a floating number, for JSON and people.
constexpr double to_milliseconds(Duration length) {
  return std::chrono::duration<double, std::milli>(length).count();
}

/// The nearest nanosecond to `seconds`; saturates instead of overflowing.
constexpr Duration from_seconds(double seconds) {
  constexpr double kMost = 9.2e9;
  const double bounded = seconds > kMost ? kMost : (seconds < -kMost ? -kMost : seconds);
  return Duration(static_cast<std::int64_t>(bounded * 1e9 + (bounded < 0 ? -0.5 : 0.5)));
}

}  // namespace squall
