#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "faults/network/network_undo.h"
#include "faults/process/frozen_cgroup.h"
#include "faults/process/process_table.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

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

/// Several undos that are carried out in one go, so that none waits for what another waits for: all
/// that is stopped or frozen is told to go on at once, and is looked at from then on.
///
/// Lifecycle:  the constructor begins with all, in their order; finish() once for each.
/// Threads:    one at a time.
/// Errors:     of finish(), as of carry_out(); those of the beginning are told there.
class UndosTogether {
 public:
  /// `table` and `networks` outlive it.
  UndosTogether(std::vector<Undo> undos, ProcessTable& table, Networks* networks = nullptr);

  /// Does the rest of undo `number`. All ContinueUndos of it take 1 s at most together.
  Result<Undone> finish(std::size_t number);

 private:
  Result<Undone> look_at(const ContinueUndo& undo, const Result<void>& sent);
  Result<Undone> do_rest(std::size_t number);

  const std::vector<Undo> undos_;
  ProcessTable& table_;
  Networks* networks_;
  std::vector<std::optional<Result<void>>> sent_;  // What each was told first.
  Duration waited_{};
};

/// "let process 123 go on".
std::string describe(const Undo& undo);

/// What of it could also be found by its name, in the words in which that is told: the tables,
/// interfaces and roots of a network fault, and a control group of ours.
std::vector<std::string> names_in(const Undo& undo);

}  // namespace squall::faults
