#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "faults/network/networks.h"
#include "faults/process/process_table.h"
#include "harness/base/result.h"

namespace squall::faults {

/// What became of one change that a journal held open.
struct RecoveredChange {
  enum class Outcome {
    kUndone,          ///< Undone now, and seen to be.
    kNothingWasLeft,  ///< The process is gone, or the machine was started anew since.
    kWouldUndo,       ///< A dry run, which touched nothing.
    kFailed,          ///< Residue.
  };
  std::filesystem::path journal;
  std::string intent;  ///< What had been done.
  std::string undo;    ///< What takes it back, in words.
  Outcome outcome = Outcome::kUndone;
  std::string trouble;  ///< Why it failed.
  /// All that it takes back and that could be found by its name, too, as that is told then.
  std::vector<std::string> names{};
};

/// What recover() found and did.
struct RecoveryReport {
  std::vector<RecoveredChange> changes;
  std::vector<std::filesystem::path> in_use;  ///< Journals of agents that live: left alone.
  std::vector<std::string> troubles;          ///< Journals that could not be read or written.
  std::size_t unreadable_lines = 0;

  /// True when nothing is left, as far as the journals tell.
  bool is_clean() const;
  /// One line per change and trouble, for people; empty when there was nothing.
  std::vector<std::string> in_words() const;
};

struct RecoverOptions {
  bool dry_run = false;          ///< Only says what it would do.
  bool owners_are_dead = false;  ///< Undoes also where the journal's agent still seems to live.
  Networks* networks = nullptr;  ///< None: what was done to a network cannot be undone.
};

/// Undoes all that is not done in the journals of `directory` and of the folders in it.
///
/// A journal whose changes are all undone is removed, and its folder below `directory` if that is
/// empty then; one with unreadable lines is kept. Safe to
/// run at any time, twice, and by two at once: each journal is worked on under a file lock. A
/// directory that does not exist holds nothing to undo. Fails only when it cannot be listed.
Result<RecoveryReport> recover(const std::filesystem::path& directory, ProcessTable& table,
                               RecoverOptions options = {});

}  // namespace squall::faults
