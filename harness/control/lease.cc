#include "harness/control/lease.h"

namespace squall::control {

void ClockOffset::observe(Duration sent, Duration agent, Duration received) {
  const Duration round_trip = received - sent;
  if (round_trip < Duration::zero() || round_trip >= round_trip_) return;
  round_trip_ = round_trip;
  offset_ = agent - (sent + round_trip / 2);
}

}  // namespace squall::control
