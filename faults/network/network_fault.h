#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "faults/core/active_fault.h"
#include "faults/core/journal.h"
#include "faults/network/network_judge.h"
#include "faults/network/network_plan.h"
#include "faults/network/networks.h"
#include "faults/spec/fault_spec.h"
#include "faults/spec/network_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// A network fault that is in force.
struct InjectedNetworkFault {
  ActiveFault active;
  std::string seen;                      ///< What was read back when it was applied.
  std::function<NetworkFinding()> look;  ///< To be asked after the fault has been reverted.
  /// Ends what it does to packets that come from now on, in some milliseconds. What is being
  /// delayed, what is left to be taken back and the proof of it are for the revert, which would
  /// else do this first.
  std::function<void()> let_go;
  Instant begun{};  ///< When its first change was made.
};

/// Where a fault happens, and under whose names.
struct NetworkSite {
  Networks& networks;
  Capabilities capabilities;
  std::uint64_t space = 0;     ///< The namespace.
  std::string name;            ///< Of this application, "PID_TICKS_n": no other has it.
  HeldFaults* held = nullptr;  ///< All of this process; none where only a plan is made.
  bool probes = false;         ///< Sends packets of its own, to measure what is done to them.
  /// How often it is looked whether somebody else has changed what is in place; zero: at its end.
  Duration watch{};
  std::optional<Instant> since{};  ///< From when such a change is told; none: from its begin.
  std::vector<ProtectedPeer>
      protected_peers{};             ///< Whose traffic always passes in the agent's space.
  std::vector<std::string> notes{};  ///< What people should know of how it was found.
  /// When it is to end by itself: one for the same packets that begins then waits for it.
  std::optional<Instant> until{};
  /// Asked just before the first change, since others may have held it up: true when its time is
  /// over. Then nothing is changed, and the error is std::errc::operation_canceled.
  std::function<bool()> is_over{};
};

/// All that a plan has to know of `site`, read from the kernel. Fails when `fault` is for a cgroup
/// that is not there.
Result<NetworkFacts> look_around(const NetworkSite& site, const NetworkFault& fault);

/// Plans the fault for what is there now, writes its undo to the journal, applies it step by step
/// and reads back that all of it is there. When a step fails, those before it are undone before
/// this returns; an error that is residue says that this failed.
///
/// With a pulse its rules go and come by themselves, and its qdiscs stay. Probes are sent for a
/// second or so once it is in force; what becomes of them is told when it has been reverted.
///
/// The counters are read just before it is reverted: a fault that met no packet, of which nothing
/// was lost that should have been, or of which somebody else has changed something, did not take.
/// `site.networks`, `site.held` and `journal` outlive the fault. Blocks for some milliseconds;
/// reverting waits a second at most for what is being delayed.
Result<InjectedNetworkFault> inject(const NetworkSite& site, Journal& journal,
                                    const NetworkFault& fault, const std::string& label,
                                    const std::optional<Pulse>& pulse = {});

}  // namespace squall::faults
