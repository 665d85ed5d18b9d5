#pragma once

#include <string>

#include "faults/core/journal.h"
#include "faults/process/match.h"
#include "faults/process/process_fault.h"
#include "faults/process/process_table.h"
#include "faults/spec/fault_spec.h"
#include "harness/base/result.h"

namespace squall::faults {

/// Freezes the processes that are meant, each with all that came of it, in control groups of ours
/// that are children of the groups they are in; and reads back that they are there, frozen. It
/// differs from SIGSTOP in that the victim's parent is told nothing, and no SIGCONT wakes it.
///
/// The undo of each group is in the journal before the group is made. What is forked meanwhile is
/// met too. As for inject(): a step that fails leaves nothing behind, and says if it does.
Result<InjectedProcessFault> inject_hang(ProcessTable& table, Journal& journal,
                                         const ProcessFault& fault, const std::string& label,
                                         const ProcessScope& scope);

/// Whether processes can be frozen here at all, as far as can be seen beforehand. Changes nothing.
Result<void> check_hang(ProcessTable& table);

}  // namespace squall::faults
