#pragma once

#include <atomic>
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
#include "scenarios/plan/plan.h"

namespace squall::agent {

/// Where an agent's network faults happen, and what its kernel can do there.
///
/// Lifecycle:  made before the first fault; outlives them.
/// Threads:    any may call place(), once the rest is done.
/// Errors:     make() fails when this kernel does not let itself be probed.
class NetworkSites {
 public:
  static Result<std::unique_ptr<NetworkSites>> make(faults::Networks& networks,
                                                    faults::ProcessTable& processes);
  /// The same, where what the kernel can do is known.
  static Result<std::unique_ptr<NetworkSites>> make(faults::Networks& networks,
                                                    faults::ProcessTable& processes,
                                                    const faults::Capabilities& capabilities);

  /// No fault may cut this agent off who is reached there by TCP ("10.0.0.1:7400"): its
  /// coordinator. To be said before the first fault. Fails when it is no address with a port.
  Result<void> protect(const std::string& endpoint);

  /// A fault in terms that the kernel knows, and its site.
  struct Placed {
    faults::NetworkFault fault;
    faults::NetworkSite site;
  };
  /// Finds where one application of a fault happens, under a name of its own, and whose packets it
  /// is for. One that is autonomous may cut off the coordinator, too; but none this machine's name
  /// servers, gateways and the like (own_peers()).
  Result<Placed> place(const faults::NetworkFault& fault, bool is_autonomous,
                       const faults::ProcessScope& scope);
  /// Plans every application of a network fault for what is there now and what else will be in
  /// force, and says what stands in the way of one. Those for processes that are not there yet are
  /// left out: they are looked for again when their faults are due.
  Result<void> check(const std::vector<scenarios::PlannedFault>& planned,
                     const std::vector<faults::FaultSpec>& specs,
                     const faults::ProcessScope& scope);

 private:
  NetworkSites(faults::Networks& networks, faults::ProcessTable& processes,
               faults::Capabilities capabilities, std::string owner);
  /// It is for a process that is not there yet.
  bool may_still_come(const faults::NetworkFault& fault, const faults::ProcessScope& scope);
  Result<std::uint64_t> space_of(const faults::NetworkFault& fault,
                                 const faults::ProcessScope& scope);

  faults::Networks& networks_;       // NOLINT: both are the agent's, and outlive this.
  faults::ProcessTable& processes_;  // NOLINT
  const faults::Capabilities capabilities_;
  const std::string owner_;  ///< "PID_TICKS".
  std::vector<faults::ProtectedPeer> coordinators_;
  std::atomic<std::uint64_t> next_ = 1;
  faults::HeldFaults held_;
};

}  // namespace squall::agent
