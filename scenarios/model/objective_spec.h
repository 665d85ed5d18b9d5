#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/units.h"

namespace squall::scenarios {

/// A condition on an answer: "status < 500".
struct GoodSpec {
  std::string text;
  enum class Compare { kLess, kLessOrEqual, kEqual, kNotEqual, kGreaterOrEqual, kGreater };
  Compare compare = Compare::kLess;
  int status = 500;
};

/// The most that a percentile of `response` may be: "p99.9 < 500ms". `<` and `<=` mean the same,
/// since a histogram cannot tell 500 ms from 499.9.
struct LimitSpec {
  std::string figure;      ///< "p99.9" or "max".
  double percentile = 99;  ///< 100 for "max".
  Duration limit{};

  /// The share of the requests that have to be within the limit.
  double share() const { return percentile / 100; }
};

/// The stretches of time that a windowed objective counts instead of requests. A window is good
/// when its percentile is within the limit.
struct WindowsSpec {
  Duration of{};  ///< Whole seconds.
  LimitSpec limit;
};

/// A phase beside a fault, as reports name it: "before lossy-uplink", "after lossy-uplink".
struct BesidePhase {
  std::string_view side;   ///< "before" or "after".
  std::string_view fault;  ///< Its name.
};

/// The phase of which `during` speaks; none when it is the name of a fault. Looks into `during`.
std::optional<BesidePhase> phase_of(std::string_view during);

/// Whether `during` means the phase of this name: the same, or "after A#2" for "after A".
bool is_phase(std::string_view during, std::string_view phase);

/// A service-level objective on a load. Exactly one of `good`, `within`, `windows`, `limit` is
/// given, which says what counts and what of it is good.
struct ObjectiveSpec {
  std::string name;
  std::string load;
  std::optional<std::string> request;  ///< Only requests of this name.
  std::optional<GoodSpec> good;        ///< An answer that satisfies this is good.
  std::optional<Duration> within;      ///< An ok answer with `response` of at most this is good.
  std::optional<WindowsSpec> windows;  ///< Counts windows of time.
  std::optional<LimitSpec> limit;      ///< Whatever ended within the limit is good.
  Share goal;                          ///< Of `limit`: what its percentile says.
  /// Only the seconds in which this fault is in force, or those of a phase: see phase_of().
  std::optional<std::string> during;
  std::optional<std::string> after;  ///< Only from `by` after the end of this fault.
  std::optional<Duration> by;
  std::optional<std::uint64_t> min_samples;
  std::optional<Duration> period;  ///< What the budget is extrapolated to.
  std::optional<Rate> rate;        ///< In the period; none: as this run's.
};

}  // namespace squall::scenarios
