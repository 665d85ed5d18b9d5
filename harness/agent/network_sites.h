#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "faults/network/network_fault.h"
#include "faults/network/networks.h"
#include "faults/process/match.h"
#include "faults/process/process_table.h"
#include "faults/spec/fault_spec.h"
#include "harness/base/result.h"

namespace squall::agent {

/// Where an agent's network faults happen, and what its kernel can do there.
///
/// Lifecycle:  made before the first fault; outlives them.
/// Threads:    one at a time.
/// Errors:     make() fails when this kernel does not let itself be probed.
class NetworkSites {
 public:
  static Result<std::unique_ptr<NetworkSites>> make(faults::Networks& networks,
                                                    faults::ProcessTable& processes);

  /// The site of one application of a fault, under a name of its own.
  Result<faults::NetworkSite> site_of(const faults::NetworkFault& fault,
                                      const faults::ProcessScope& scope);
  /// Plans every network fault for what is there now, and says what stands in the way of one.
  Result<void> check(const std::vector<faults::FaultSpec>& specs,
                     const faults::ProcessScope& scope);

 private:
  NetworkSites(faults::Networks& networks, faults::ProcessTable& processes,
               faults::Capabilities capabilities, std::string owner);
  Result<std::uint64_t> space_of(const faults::NetworkFault& fault,
                                 const faults::ProcessScope& scope);

  faults::Networks& networks_;       // NOLINT: both are the agent's, and outlive this.
  faults::ProcessTable& processes_;  // NOLINT
  const faults::Capabilities capabilities_;
  const std::string owner_;  ///< "PID_TICKS".
  std::uint64_t next_ = 1;
  faults::HeldFaults held_;
};

}  // namespace squall::agent
