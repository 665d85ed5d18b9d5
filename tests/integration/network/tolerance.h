#pragma once

// How far what is measured may be from what was asked for. Every comparison fails by chance less
// than once in a million times, so that one run in ten thousand does of some hundred of them.
//
// Counts are of trials that are independent of each other: so their chance is the binomial one, to
// the digit, and no rule of thumb. Delays are compared by how many are below a quarter of their
// distribution, which is such a count, too, whatever that distribution is. No packet leaves netem
// before its time; how late it may be is measured beside it, by packets that no filter meets, and
// by the timers of who sends them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "faults/network/chance.h"

namespace squall::faults {

inline constexpr double kByChance = 5e-7;  // On either side.
/// What the clock of wall time is slewed by at most, to either side (adjtimex(2): 500 ppm).
inline constexpr double kSlew = 0.001;
/// What a timer of a kernel without those of high resolution is late: a tick of 250 in a second.
inline constexpr double kTickMs = 4;

/// Whether so many hits come of trials each of which has a chance from `least` to `most`.
inline testing::AssertionResult come_of(std::size_t hits, std::size_t trials, double least,
                                        double most) {
  const bool is_likely = chance_of_at_most(hits, trials, least) > kByChance &&
                         chance_of_at_least(hits, trials, most) > kByChance;
  if (is_likely) return testing::AssertionSuccess();
  return testing::AssertionFailure() << hits << " of " << trials << " is not " << least * 100
                                     << " to " << most * 100 << " % by chance";
}

inline testing::AssertionResult come_of(std::size_t hits, std::size_t trials, double share) {
  return come_of(hits, trials, share, share);
}

/// The same of what a chain loses.
inline testing::AssertionResult come_of(std::size_t hits, std::size_t trials,
                                        const GilbertElliott& chain) {
  const bool is_likely = chance_of_at_most(hits, trials, chain) > kByChance &&
                         chance_of_at_least(hits, trials, chain) > kByChance;
  if (is_likely) return testing::AssertionSuccess();
  return testing::AssertionFailure() << hits << " of " << trials << " are not lost by that chain";
}

/// Whether `share` of delays are below `bound_ms`, each of them late by `late_ms` at most.
inline testing::AssertionResult are_below(const std::vector<double>& delays_ms, double bound_ms,
                                          double share, double late_ms) {
  const auto below = [&](double bound) {
    return static_cast<std::size_t>(
        std::count_if(delays_ms.begin(), delays_ms.end(), [&](double one) { return one < bound; }));
  };
  const std::size_t early = below(bound_ms * (1 - kSlew));
  const std::size_t late = below(bound_ms * (1 + kSlew) + late_ms);
  const bool is_likely = chance_of_at_least(early, delays_ms.size(), share) > kByChance &&
                         chance_of_at_most(late, delays_ms.size(), share) > kByChance;
  if (is_likely) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << early << " of " << delays_ms.size() << " took less than " << bound_ms << " ms, and "
         << late << " that and " << late_ms << " ms more: not " << share * 100 << " %";
}

}  // namespace squall::faults
