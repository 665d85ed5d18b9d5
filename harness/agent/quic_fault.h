#pragma once

#include <functional>
#include <optional>
#include <string>

#include "faults/core/active_fault.h"
#include "faults/link/tally.h"
#include "faults/spec/quic_spec.h"
#include "generators/load/load_engine.h"
#include "generators/spec/disturbance.h"
#include "harness/base/result.h"
#include "harness/base/units.h"
#include "reports/judge/run_record.h"

namespace squall::agent {

/// A disturbance of a load's own QUIC connections that is in force.
struct InjectedQuicFault {
  faults::ActiveFault active;
  std::string seen;  ///< What could be read back at once.
  /// What it did, once it is reverted, and
  std::function<faults::LinkFinding()> look;
  std::function<reports::Survival()> survival;  ///< what the connections came to.
};

/// Has `engine`, which outlives it, disturb the connections of the fault's load, for so long where
/// that is known. Nothing goes to the journal: what it changes are sockets of this process, which
/// end with it.
Result<InjectedQuicFault> inject(generators::LoadEngine& engine, const faults::QuicFault& fault,
                                 const std::string& label, std::uint64_t seed,
                                 std::optional<Duration> lasts);

/// What the tally says of what was asked.
faults::LinkFinding judge(const faults::QuicFault& asked,
                          const generators::DisturbanceTally& tally);

/// What the tally says of connections.
reports::Survival survival_in(const generators::DisturbanceTally& tally);

}  // namespace squall::agent
