#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults/core/undo.h"
#include "faults/process/process_table.h"

namespace squall::faults {

/// Ends a line whose writing was cut off, so that what follows is a line of its own: the line
/// before it was never acted on, and counts as none.
constexpr std::string_view kTornEnd = "\x18\n";

/// One change to the machine, as it is about to be made.
struct Change {
  std::string intent;  ///< "SIGSTOP to web.1 (pid 123)".
  std::string prior;   ///< What it was like before: "S".
  Undo undo;
};

/// Whose journal it is, and since which start of the machine pids mean what they mean.
struct JournalOwner {
  ProcessId process;
  std::string boot_id;  ///< /proc/sys/kernel/random/boot_id.
  bool operator==(const JournalOwner&) const = default;
};

/// A change that the journal holds.
struct JournalEntry {
  std::uint64_t number = 0;  ///< From 1, unique in its journal.
  std::string boot_id;
  Change change;
};

/// What a journal says.
struct JournalContents {
  std::optional<JournalOwner> owner;
  std::vector<JournalEntry> open;  ///< Recorded and not done, in the order of the journal.
  std::uint64_t highest = 0;       ///< The highest number in it.
  std::size_t unreadable = 0;      ///< Lines that make no sense, a torn last one not counted.
  bool is_torn = false;            ///< The last line has no end: what it meant was never done.
};

/// Reads a journal, one JSON object per line:
///
///     {"journal":1,"boot":"…","owner":{"pid":9,"start_ticks":7}}
///     {"entry":1,"boot":"…","intent":"…","prior":"S","undo":{"kind":"signal","pid":5,…}}
///     {"done":1}
///
/// Any bytes are allowed: what cannot be read is counted and passed over. Undos of processes that
/// no fault may touch (pid 1, process groups) are unreadable, so that no file can ask for that.
JournalContents read_journal(std::string_view text);

/// The lines of a journal, each with its newline.
std::string owner_line(const JournalOwner& owner);
std::string entry_line(const JournalEntry& entry);
std::string done_line(std::uint64_t number);

}  // namespace squall::faults
