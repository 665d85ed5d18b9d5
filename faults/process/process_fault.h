#pragma once

#include <string>

#include "faults/core/active_fault.h"
#include "faults/core/journal.h"
#include "faults/process/match.h"
#include "faults/process/process_table.h"
#include "faults/spec/fault_spec.h"
#include "harness/base/result.h"

namespace squall::faults {

/// A process fault that was applied, and what was seen of it.
struct InjectedProcessFault {
  ActiveFault active;  ///< Holds something to undo only for SIGSTOP.
  std::string asked;   ///< "SIGSTOP to 1 of 2 of service web".
  std::string seen;    ///< "web.1: 3 processes (pids 11, 12, 13) stopped".
  bool took = false;   ///< False: it did not happen as asked, the fault is ineffective.
};

/// Sends the fault's signal to the processes that it means, and reads back that it took: SIGSTOP,
/// all are in state T within a second; SIGKILL, all are gone; any other, it was delivered.
///
/// A service is meant with its whole tree, and processes which it forks meanwhile are met too. The
/// undo of SIGSTOP is SIGCONT, verified; what was stopped before stays stopped. When a step fails,
/// those before it are undone before this returns; an error that is residue says that this failed.
/// `table` and `journal` outlive the fault. Blocks, a few seconds at most.
Result<InjectedProcessFault> inject(ProcessTable& table, Journal& journal,
                                    const ProcessFault& fault, const std::string& label,
                                    const ProcessScope& scope);

}  // namespace squall::faults
