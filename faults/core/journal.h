#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "faults/core/journal_text.h"
#include "faults/process/process_table.h"
#include "harness/base/result.h"
#include "harness/base/unique_fd.h"

namespace squall::faults {

/// The id of this start of the machine.
Result<std::string> boot_id();

/// This process, as the owner of a journal.
Result<JournalOwner> this_owner(ProcessTable& table);

/// Is `file` named like a journal?
bool is_journal(const std::filesystem::path& file);

/// An agent's record on disk of what it is about to change and how to undo it.
///
/// Invariant: a change is made only after record() returned, that is, after its line is in the
/// file and file and directory are synced. One file of JSON lines, only ever appended to, so that
/// a crash can tear the last line at most; what was not recorded whole was not changed.
///
/// Lifecycle:  opened once per agent run; close() at an orderly end removes an empty one.
/// Threads:    any thread may call any function.
/// Errors:     a record() that fails means: do not make the change.
class Journal {
 public:
  /// Makes the directory where it is missing, and goes on with a journal of the same owner.
  static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& directory,
                                               JournalOwner owner);

  /// Writes down all of `changes` before they are made. Returns their numbers, in order.
  Result<std::vector<std::uint64_t>> record(const std::vector<Change>& changes);
  Result<std::uint64_t> record(const Change& change);

  /// To be called when the undo was verified, or when the change was not made after all.
  Result<void> mark_done(std::uint64_t number);

  /// True when a change that is in force has such an undo: what it speaks of is this agent's doing.
  bool any_in_force(const std::function<bool(const Undo&)>& is_such) const;

  /// True when another change in force has the same undo, which is then to be carried out at that
  /// one's end, while `number` is only to be marked done. False for the last: it is to be undone.
  bool leave_to_another(std::uint64_t number);

  /// How many changes are recorded and not done.
  std::size_t open_changes() const;

  /// Removes the file when nothing is open in it; else leaves it for recover().
  Result<void> close();

  const JournalOwner& owner() const noexcept { return owner_; }
  const std::filesystem::path& file() const noexcept { return file_; }
  const std::filesystem::path& directory() const noexcept { return directory_; }

 private:
  Journal(std::filesystem::path directory, std::filesystem::path file, JournalOwner owner,
          UniqueFd descriptor);
  Result<void> append(const std::string& lines, bool durably);

  const std::filesystem::path directory_;
  const std::filesystem::path file_;
  const JournalOwner owner_;
  mutable std::mutex mutex_;  // Guards all that follows.
  UniqueFd descriptor_;
  std::set<std::uint64_t> open_;
  std::map<std::uint64_t, Undo> in_force_;  // Those of open_ that were not told to be undone.
  std::uint64_t next_ = 1;
  bool is_torn_ = false;  // A write failed midway: begin the next with a newline.
};

}  // namespace squall::faults
