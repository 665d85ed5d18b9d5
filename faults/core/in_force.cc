#include "faults/core/in_force.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include <fcntl.h>

#include "faults/core/journal.h"
#include "faults/core/journal_files.h"
#include "faults/core/undo.h"
#include "harness/base/unique_fd.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;

Result<void> add_journal(const fs::path& journal, const std::string& boot, ProcessTable& table,
                         InForce& found) {
  const UniqueFd file(::open(journal.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return {};  // All of it has just been undone.
  if (!file) return error(static_cast<std::errc>(errno), "open");
  SQUALL_TRY(const auto text, read_all(file.get()));
  JournalContents contents = read_journal(text);
  bool agent_lives = false;
  if (contents.owner && contents.owner->boot_id == boot) {
    const auto owner = table.look_at(contents.owner->process);
    agent_lives = owner && owner->is_alive();
  }
  if (contents.unreadable > 0) {
    found.troubles.push_back(journal.string() + ": " + std::to_string(contents.unreadable) +
                             " line(s) could not be read");
  }
  for (JournalEntry& entry : contents.open) {
    if (entry.boot_id != boot) continue;
    const auto* stopped = std::get_if<ContinueUndo>(&entry.change.undo);
    found.changes.push_back({journal, contents.owner, agent_lives, std::move(entry.change.intent),
                             describe(entry.change.undo),
                             stopped != nullptr ? std::optional(stopped->process) : std::nullopt});
  }
  return {};
}

}  // namespace

Result<InForce> in_force(const fs::path& directory, ProcessTable& table) {
  SQUALL_TRY(const auto boot, boot_id());
  SQUALL_TRY(const auto journals, journals_below(directory));
  InForce found;
  for (const fs::path& journal : journals) {
    if (auto added = add_journal(journal, boot, table, found); !added) {
      found.troubles.push_back(
          std::move(added).error().within("read " + journal.string()).message());
    }
  }
  return found;
}

Result<std::vector<ProcessInfo>> stopped_by_somebody(const InForce& known, ProcessTable& table) {
  SQUALL_TRY(auto processes, table.list());
  std::erase_if(processes, [&](const ProcessInfo& process) {
    return !process.is_stopped() ||
           std::any_of(known.changes.begin(), known.changes.end(),
                       [&](const ChangeInForce& change) { return change.stopped == process.id; });
  });
  return processes;
}

std::string describe_stopped(const ProcessInfo& process) {
  const std::string pid = std::to_string(process.id.pid);
  return "process " + pid + " (" + process.name +
         ") is stopped and no journal tells of it; a stop bears no mark of ours, so it was left"
         " alone: if it was squall's and no run with another state folder goes on, kill -CONT " +
         pid + " undoes it";
}

}  // namespace squall::faults
