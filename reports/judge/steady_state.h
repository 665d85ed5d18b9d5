#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reports/judge/run_result.h"
#include "scenarios/model/scenario.h"

namespace squall::reports {

/// How steady states are learnt and found again.
namespace steady {

/// Seconds of a baseline from which a spread can be told.
inline constexpr std::int64_t kLeastSeconds = 5;
/// How many standard deviations from the median still count as the same; latencies have long
/// tails. The deviation is 1.4826 × MAD, which a few odd seconds do not move.
inline constexpr double kDeviations = 6;
inline constexpr double kDeviationPerMad = 1.4826;
/// However quiet the baseline: this much more is not a departure. One request in a hundred; half of
/// the p99 again, and 5 ms.
inline constexpr double kErrorShareFloor = 0.01;
inline constexpr double kP99ShareFloor = 0.5;
inline constexpr Duration kP99Floor = std::chrono::milliseconds(5);
/// For how long it must hold to count as recovered, where that is not stated.
inline constexpr std::int64_t kHoldSeconds = 5;

}  // namespace steady

/// The steady state of a load over the seconds before `end`; none when there are too few. Looks
/// only at whole seconds in which the load was offered.
std::optional<SteadyState> learn_steady_state(const LoadResult& load, std::int64_t end);

/// The same, with what is stated of this load in the place of what was learnt; none when neither
/// says anything.
std::optional<SteadyState> steady_state_of(const LoadResult& load, std::int64_t end,
                                           const std::vector<scenarios::SteadySpec>& stated);

/// Says which seconds of a run were steady, all loads together.
///
/// Lifecycle:  a value; the loads must outlive it.
/// Threads:    immutable, any thread may use it.
/// Errors:     none.
class SteadySeconds {
 public:
  /// Loads without a state in `states` are not looked at.
  SteadySeconds(const std::vector<LoadResult>& loads, const std::vector<SteadyState>& states);

  bool is_known() const { return !watched_.empty(); }
  /// One past the last second of which anything is known.
  std::int64_t end() const { return end_; }
  /// True when each load that was offered in the second was steady, and one was. A second in which
  /// nothing fell due says nothing against it.
  bool is_steady(std::int64_t second) const;
  /// When it could be known that the second, which must not be steady, was not: when the limit of
  /// its p99 had passed for all its requests, or its errors had ended.
  Duration known_unsteady(std::int64_t second) const;
  /// One past the last moment at which a request that was due in the second can have ended.
  Duration ended_by(std::int64_t second) const;
  /// The first second in [from, to) that was not steady.
  std::optional<std::int64_t> first_unsteady(std::int64_t from, std::int64_t to) const;
  /// For how many seconds it must hold: the longest of the loads'.
  std::int64_t hold() const { return hold_; }
  /// The first second from `from` on from which it was steady for the hold time, which must be
  /// over by `to`.
  std::optional<std::int64_t> steady_again(std::int64_t from, std::int64_t to) const;

 private:
  struct Watched {
    const LoadResult* load;
    const SteadyState* state;
    std::int64_t from;
    std::int64_t to;
  };

  std::vector<Watched> watched_;
  std::int64_t end_ = 0;
  std::int64_t hold_ = 0;
};

/// The figures of one second of a load; null where the series has none.
const SecondPoint* point_at(const LoadResult& load, std::int64_t second);

}  // namespace squall::reports
