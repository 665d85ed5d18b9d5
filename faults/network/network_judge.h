#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "faults/network/probe.h"
#include "faults/spec/network_spec.h"

namespace squall::faults {

// What was counted and probed, against what was asked for. Bounds are drawn so wide that what does
// as it was asked is called ineffective less than once in a million faults: each of them, 30 at
// most, is passed by chance once in 33 million times. All of it is pure.

/// What was seen of a network fault in all.
struct NetworkFinding {
  std::string seen;         ///< "1000 packets met, 21 of them lost (2.1 %)".
  bool took = true;         ///< False: it did not happen as asked.
  std::string why_not;      ///< Then: why it is thought so.
  bool tells_loss = false;  ///< So many were counted that a loss which is none would show.
};

/// What rules and qdiscs of a fault have counted.
struct CountedPackets {
  std::uint64_t met = 0;      ///< By its rules, and of these
  std::uint64_t lost = 0;     ///< lost by them.
  std::uint64_t dropped = 0;  ///< By its netem, or for want of room.
  std::uint64_t starts = 1;   ///< How often a rule began to count: each one, again with each pulse.
  // Of these, our own probes:
  std::uint64_t probes_met = 0;
  std::uint64_t probes_lost = 0;
  std::uint64_t probes_dropped = 0;
  /// Probes that no rule met, and that went through its qdiscs.
  std::uint64_t probes_unmet = 0;
};

/// Compares the counts with what was asked for: loss by its binomial distribution, in bursts by
/// the chain's own, and of each n-th packet exactly.
NetworkFinding judge(const NetworkFault& fault, const CountedPackets& counted);

/// What probes say of a fault.
struct ProbeJudgement {
  std::string contradiction;  ///< Why it does not do what it should; or empty.
  std::vector<std::string>
      not_judged;  ///< "loss (too few probes)": were there none, it would not show.
};

/// Compares probes with what was asked for: shares of them that are lost, come twice, are altered
/// or not delayed, and how many took less than the quarters of the delay's distribution. Longer
/// than asked is told only from 100 ms on, and shorter only of more than one in fifty: so much a
/// busy machine may do.
ProbeJudgement judge(const NetworkFault& fault, const ProbeFinding& during);

/// "80.3 ms more in the median, 1.9 % lost of 200 probes".
std::string describe(const NetworkFault& fault, const ProbeFinding& during,
                     const std::optional<ProbeFinding>& before);

}  // namespace squall::faults
