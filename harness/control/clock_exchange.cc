#include "harness/control/clock_exchange.h"

#include <chrono>

namespace squall::control {

const Clocks& Clocks::here() {
  static const Clocks* const clocks =
      new Clocks{.steady = std::chrono::steady_clock::now,
                 .wall = [] { return WallTime(std::chrono::system_clock::now()); }};
  return *clocks;
}

wire::Lease grant(Instant sent, const ClockOffset& agent) {
  wire::Lease lease;
  lease.set_coordinator_ns(sent.time_since_epoch().count());
  if (agent.is_known()) lease.set_agent_ns((sent.time_since_epoch() + agent.offset()).count());
  return lease;
}

wire::LeaseSeen answer(const wire::Lease& lease, const Clocks& clocks) {
  wire::LeaseSeen seen;
  seen.set_coordinator_ns(lease.coordinator_ns());
  seen.set_agent_ns(clocks.steady().time_since_epoch().count());
  seen.set_agent_wall_ns(
      std::chrono::duration_cast<Duration>(clocks.wall().time_since_epoch()).count());
  return seen;
}

void take(const wire::LeaseSeen& seen, Instant at, const Clocks& clocks, ClockOffset& offset,
          ClockOffset& wall_offset) {
  const Duration sent(seen.coordinator_ns());
  offset.observe(sent, Duration(seen.agent_ns()), at.time_since_epoch());
  // When it was sent, by a clock that may have been set since, follows from the one that was not.
  const Duration received = clocks.wall().time_since_epoch() - (clocks.steady() - at);
  wall_offset.observe(received - (at.time_since_epoch() - sent), Duration(seen.agent_wall_ns()),
                      received);
}

}  // namespace squall::control
