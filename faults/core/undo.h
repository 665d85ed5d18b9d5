#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "faults/network/network_undo.h"
#include "faults/process/frozen_cgroup.h"
#include "faults/process/process_table.h"
#include "harness/base/result.h"

namespace squall::faults {

/// Lets a stopped process go on: SIGCONT, and it is no longer in state T.
struct ContinueUndo {
  ProcessId process;
  bool operator==(const ContinueUndo&) const = default;
};

/// Ends a process that must not outlive the run, with all that came of it (tree_of): SIGKILL, and
/// none of them is left.
struct KillUndo {
  ProcessId leader;
  bool operator==(const KillUndo&) const = default;
};

/// Gives a process back how many files it may open, and what it has started since, also what left
/// its tree for the background; unless somebody else has set that to something else meanwhile.
struct LimitUndo {
  ProcessId process;
  std::uint64_t soft = 0;     ///< What it was.
  std::uint64_t lowered = 0;  ///< What the fault made of it.
  /// What left the tree and has the limit from the fault started no earlier than this.
  std::uint64_t since_ticks = 0;
  /// No other process had `lowered` for its limit then: whoever started since and has it, has it
  /// from there. Else such a process outside the tree is left alone, and is residue.
  bool is_telling = false;
  bool operator==(const LimitUndo&) const = default;
};

/// How to take a change back, as data: any process can carry it out, also a later one.
using Undo = std::variant<ContinueUndo, KillUndo, NetworkUndo, HangUndo, LimitUndo>;

/// Undoing is idempotent: to find nothing left to undo is as good as having undone it.
enum class Undone { kNow, kNothingWasLeft };

/// Does it, and reads back that it took. A failure is residue. Takes 1 s at most for a
/// ContinueUndo, 3 s for a KillUndo or a HangUndo; a NetworkUndo cannot be done without `networks`.
Result<Undone> carry_out(const Undo& undo, ProcessTable& table, Networks* networks = nullptr);

/// "let process 123 go on".
std::string describe(const Undo& undo);

/// What of it could also be found by its name, in the words in which that is told: the tables,
/// interfaces and roots of a network fault, and a control group of ours.
std::vector<std::string> names_in(const Undo& undo);

}  // namespace squall::faults
