#include "faults/core/held_changes.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "harness/base/log.h"

namespace squall::faults {

Result<void> HeldChanges::record(const std::vector<Change>& changes) {
  if (changes.empty()) return {};
  SQUALL_TRY(const auto entries, journal_.record(changes));
  for (std::size_t at = 0; at < entries.size(); ++at) {
    held_.push_back({changes[at].undo, entries[at]});
  }
  return {};
}

Result<void> HeldChanges::let_go_of_last() {
  if (held_.empty()) return {};
  const Held& last = held_.back();
  if (!journal_.leave_to_another(last.entry)) {
    if (auto undone = carry_out(last.undo, table_); !undone) return std::move(undone).error();
  }
  mark_done(last);
  held_.pop_back();
  return {};
}

Result<void> HeldChanges::let_go() {
  std::vector<Held> ours;
  std::vector<Undo> undos;
  for (auto one = held_.rbegin(); one != held_.rend(); ++one) {
    if (journal_.leave_to_another(one->entry)) {
      mark_done(*one);
      continue;
    }
    ours.push_back(*one);
    undos.push_back(one->undo);
  }
  std::optional<Error> trouble;
  held_.clear();
  UndosTogether together(std::move(undos), table_);
  for (std::size_t number = 0; number < ours.size(); ++number) {
    if (auto undone = together.finish(number)) {
      mark_done(ours[number]);
      continue;
    } else if (!trouble) {
      trouble = std::move(undone).error();
    }
    held_.insert(held_.begin(), ours[number]);
  }
  if (trouble) return *std::move(trouble);
  return {};
}

void HeldChanges::mark_done(const Held& one) {
  if (auto marked = journal_.mark_done(one.entry); !marked) {
    log_warning(marked.error().message());  // The undo took; recover() will find nothing.
  }
}

}  // namespace squall::faults
