#pragma once

#include <algorithm>
#include <cstdint>

#include "generators/schedule/random.h"
#include "generators/spec/target_spec.h"
#include "harness/base/units.h"

namespace squall::generators {

/// How long to wait before the next attempt to connect: doubling from `after` up to `up_to`, each
/// time a random part between the half and the whole of it, so that those who lost their
/// connections together do not come back together. Half of it stays fixed ("equal jitter"): with
/// all of it random ("full jitter") one attempt could follow the other at once, and how many a dead
/// server gets in a second would have no limit.
///
/// Lifecycle:  one per connection; reset() after a connection that lasted.
/// Threads:    one owner at a time.
/// Errors:     none.
class Backoff {
 public:
  Backoff(const ReconnectSpec& spec, std::uint64_t seed) : spec_(spec), random_(seed) {}

  Duration next() {
    const Duration whole = std::min(spec_.up_to, spec_.after * (std::int64_t{1} << doublings_));
    if (whole < spec_.up_to && doublings_ < kMostDoublings) ++doublings_;
    const double part = (1.0 + random_.unit()) / 2;
    return std::max(kLeast, from_seconds(to_seconds(whole) * part));
  }

  void reset() { doublings_ = 0; }

 private:
  static constexpr unsigned kMostDoublings = 20;
  static constexpr Duration kLeast = std::chrono::milliseconds(1);  // Never a spin.

  ReconnectSpec spec_;
  Random random_;
  unsigned doublings_ = 0;
};

}  // namespace squall::generators
