#include "faults/core/recover.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "faults/core/journal.h"
#include "faults/core/journal_files.h"
#include "faults/core/journal_text.h"
#include "faults/core/undo.h"
#include "harness/base/unique_fd.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;
using Outcome = RecoveredChange::Outcome;

Error last_error(std::string_view doing) { return error(static_cast<std::errc>(errno), doing); }

Result<void> append(int file, const std::string& text) {
  const ssize_t written = ::write(file, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) return {};
  return written < 0 ? last_error("write") : error(std::errc::no_space_on_device, "write");
}

/// Works on one journal while holding its lock.
class Recovery {
 public:
  Recovery(std::string boot, ProcessTable& table, RecoverOptions options)
      : boot_(std::move(boot)), table_(table), options_(options) {}

  Result<void> work_on(const fs::path& journal) {
    const UniqueFd file(
        ::open(journal.c_str(), (options_.dry_run ? O_RDONLY : O_RDWR | O_APPEND) | O_CLOEXEC));
    if (!file && errno == ENOENT) return {};  // Another recovery was faster.
    if (!file) return last_error("open");
    while (::flock(file.get(), LOCK_EX) != 0) {
      if (errno != EINTR) return last_error("lock");
    }
    SQUALL_TRY(const auto text, read_all(file.get()));
    const JournalContents contents = read_journal(text);
    if (!options_.owners_are_dead && owner_lives(contents)) {
      report.in_use.push_back(journal);
      return {};
    }
    report.unreadable_lines += contents.unreadable;
    if (contents.is_torn && !options_.dry_run) {
      if (auto begun = append(file.get(), std::string(kTornEnd)); !begun) return begun;
    }
    bool all_done = true;
    // The last first: what is frozen goes on before it is to end.
    const std::vector<JournalEntry> open(contents.open.rbegin(), contents.open.rend());
    std::vector<Undo> undos;
    for (const JournalEntry& entry : open) {
      if (is_to_be_undone(entry)) undos.push_back(entry.change.undo);
    }
    UndosTogether together(std::move(undos), table_, options_.networks);
    std::size_t next = 0;
    for (const JournalEntry& entry : open) {
      RecoveredChange change = take_back(entry, together, next);
      change.journal = journal;
      const bool done =
          change.outcome == Outcome::kUndone || change.outcome == Outcome::kNothingWasLeft;
      report.changes.push_back(std::move(change));
      all_done = all_done && done;
      if (!done || options_.dry_run) continue;
      if (auto marked = append(file.get(), done_line(entry.number)); !marked) return marked;
    }
    if (all_done && !options_.dry_run && contents.unreadable == 0 &&
        ::unlink(journal.c_str()) != 0 && errno != ENOENT) {
      return last_error("remove");
    }
    return {};
  }

  RecoveryReport report;

 private:
  bool owner_lives(const JournalContents& contents) {
    if (!contents.owner || contents.owner->boot_id != boot_) return false;
    auto owner = table_.look_at(contents.owner->process);
    return owner && owner->is_alive();
  }

  bool is_to_be_undone(const JournalEntry& entry) const {
    return entry.boot_id == boot_ && !options_.dry_run;
  }

  /// `next` is its number in `together`, if it is to be undone.
  RecoveredChange take_back(const JournalEntry& entry, UndosTogether& together, std::size_t& next) {
    RecoveredChange change;
    change.intent = entry.change.intent;
    change.undo = describe(entry.change.undo);
    change.names = names_in(entry.change.undo);
    if (entry.boot_id != boot_) {
      change.outcome = Outcome::kNothingWasLeft;
    } else if (options_.dry_run) {
      change.outcome = Outcome::kWouldUndo;
    } else if (const auto undone = together.finish(next++)) {
      change.outcome = *undone == Undone::kNow ? Outcome::kUndone : Outcome::kNothingWasLeft;
    } else {
      change.outcome = Outcome::kFailed;
      change.trouble = undone.error().message();
    }
    return change;
  }

  const std::string boot_;
  ProcessTable& table_;
  const RecoverOptions options_;
};

std::string_view in_words(Outcome outcome) {
  switch (outcome) {
    case Outcome::kUndone:
      return "undone";
    case Outcome::kNothingWasLeft:
      return "nothing was left to undo";
    case Outcome::kWouldUndo:
      return "would be undone";
    case Outcome::kFailed:
      return "NOT undone";
  }
  return "";
}

}  // namespace

bool RecoveryReport::is_clean() const {
  return troubles.empty() && unreadable_lines == 0 &&
         std::none_of(changes.begin(), changes.end(), [](const RecoveredChange& change) {
           return change.outcome == Outcome::kFailed || change.outcome == Outcome::kWouldUndo;
         });
}

std::vector<std::string> RecoveryReport::in_words() const {
  std::vector<std::string> lines;
  for (const RecoveredChange& change : changes) {
    std::string line = change.intent + ": " + std::string(faults::in_words(change.outcome));
    if (change.outcome == Outcome::kWouldUndo) line += " (" + change.undo + ")";
    if (!change.trouble.empty()) line += ": " + change.trouble;
    lines.push_back(std::move(line));
  }
  for (const fs::path& journal : in_use) {
    lines.push_back(journal.string() + ": its agent is alive, so it was left alone");
  }
  if (unreadable_lines > 0) {
    lines.push_back(std::to_string(unreadable_lines) +
                    " line(s) could not be read: what they tell of may still be in force");
  }
  lines.insert(lines.end(), troubles.begin(), troubles.end());
  return lines;
}

Result<RecoveryReport> recover(const fs::path& directory, ProcessTable& table,
                               RecoverOptions options) {
  SQUALL_TRY(auto boot, boot_id());
  SQUALL_TRY(const auto journals, journals_below(directory));
  Recovery recovery(std::move(boot), table, options);
  for (const fs::path& journal : journals) {
    auto worked = recovery.work_on(journal);
    std::error_code is_needed;  // There is more in it.
    if (worked && !options.dry_run && journal.parent_path() != directory && !fs::exists(journal)) {
      fs::remove(journal.parent_path(), is_needed);
    }
    if (!worked) {
      recovery.report.troubles.push_back(
          std::move(worked).error().within("recover " + journal.string()).message());
    }
  }
  return std::move(recovery.report);
}

}  // namespace squall::faults
