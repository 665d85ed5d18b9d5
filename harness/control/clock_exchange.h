#pragma once

#include <functional>

#include <control.pb.h>

#include "harness/base/units.h"
#include "harness/control/clock_offset.h"

namespace squall::control {

/// The two clocks of a machine: the one that is reckoned with, which nobody sets, and that of the
/// wall, which somebody or something may set at any moment and which people alone are told of.
struct Clocks {
  std::function<Instant()> steady;
  std::function<WallTime()> wall;

  /// This machine's.
  static const Clocks& here();
};

/// A coordinator asks for the time as it grants a lease: `sent`, and from when on the lease is good
/// on the agent's clock, where that is known well enough to say so.
wire::Lease grant(Instant sent, const ClockOffset& agent);

/// An agent answers with what its clocks say.
wire::LeaseSeen answer(const wire::Lease& lease, const Clocks& clocks);

/// The coordinator takes the answer, which arrived at `at` by its steady clock: how far the agent's
/// clock is ahead, and how far its wall's is. A step of either wall's clock touches the latter
/// alone.
void take(const wire::LeaseSeen& seen, Instant at, const Clocks& clocks, ClockOffset& offset,
          ClockOffset& wall_offset);

}  // namespace squall::control
