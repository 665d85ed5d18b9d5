#pragma once

#include <cstdint>
#include <vector>

#include "faults/core/journal.h"
#include "faults/core/undo.h"
#include "faults/process/process_table.h"
#include "harness/base/result.h"

namespace squall::faults {

/// The changes to processes that a fault has made, each with its entry in the journal.
///
/// Lifecycle:  made before the first change; `table` and `journal` outlive it. It undoes nothing by
///             itself: an ActiveFault calls let_go().
/// Threads:    one at a time.
/// Errors:     of record(): the change must not be made; of let_go(): residue, which stays held.
class HeldChanges {
 public:
  HeldChanges(ProcessTable& table, Journal& journal) : table_(table), journal_(journal) {}

  /// Writes changes down and holds them. Only when it has succeeded may they be made.
  Result<void> record(const std::vector<Change>& changes);

  /// Undoes the change that was written down last, and holds it no longer.
  Result<void> let_go_of_last();

  /// Undoes all together, the last first. What fails stays held, and does not keep the others. What
  /// another fault has changed in the same way is left to its end.
  Result<void> let_go();

 private:
  struct Held {
    Undo undo;
    std::uint64_t entry;
  };
  void mark_done(const Held& one);

  ProcessTable& table_;
  Journal& journal_;
  std::vector<Held> held_;
};

}  // namespace squall::faults
