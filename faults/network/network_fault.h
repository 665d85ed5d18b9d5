#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "faults/core/active_fault.h"
#include "faults/core/journal.h"
#include "faults/network/network_plan.h"
#include "faults/network/networks.h"
#include "faults/spec/fault_spec.h"
#include "faults/spec/network_spec.h"
#include "harness/base/result.h"

namespace squall::faults {

/// What was seen of a network fault in all.
struct NetworkFinding {
  std::string seen;     ///< "1000 packets met, 21 of them lost (2.1 %)".
  bool took = true;     ///< False: it did not happen as asked.
  std::string why_not;  ///< Then: why it is thought so.
};

/// A network fault that is in force.
struct InjectedNetworkFault {
  ActiveFault active;
  std::string seen;                      ///< What was read back when it was applied.
  std::function<NetworkFinding()> look;  ///< To be asked after the fault has been reverted.
};

/// Where a fault happens, and under whose names.
struct NetworkSite {
  Networks& networks;
  Capabilities capabilities;
  std::uint64_t space = 0;     ///< The namespace.
  std::string name;            ///< Of this application, "PID_TICKS_n": no other has it.
  HeldFaults* held = nullptr;  ///< All of this process; none where only a plan is made.
  bool probes = false;         ///< Sends packets of its own, to measure what is done to them.
};

/// All that a plan has to know of `site`, read from the kernel.
Result<NetworkFacts> look_around(const NetworkSite& site);

/// Plans the fault for what is there now, writes its undo to the journal, applies it step by step
/// and reads back that all of it is there. When a step fails, those before it are undone before
/// this returns; an error that is residue says that this failed.
///
/// With a pulse its rules go and come by themselves, and its qdiscs stay. Probes are sent for a
/// second or so once it is in force; what becomes of them is told when it has been reverted.
///
/// The counters are read just before it is reverted: a fault that met no packet, of which nothing
/// was lost that should have been, or whose qdiscs somebody else has changed, did not take.
/// `site.networks`, `site.held` and `journal` outlive the fault. Blocks for some milliseconds;
/// reverting waits a second at most for what is being delayed.
Result<InjectedNetworkFault> inject(const NetworkSite& site, Journal& journal,
                                    const NetworkFault& fault, const std::string& label,
                                    const std::optional<Pulse>& pulse = {});

}  // namespace squall::faults
