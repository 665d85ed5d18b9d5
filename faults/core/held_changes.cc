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
  auto undone = undo(held_.back());
  if (undone) held_.pop_back();
  return undone;
}

Result<void> HeldChanges::let_go() {
  std::optional<Error> trouble;
  std::vector<Held> left;
  for (auto one = held_.rbegin(); one != held_.rend(); ++one) {
    auto undone = undo(*one);
    if (undone) continue;
    if (!trouble) trouble = std::move(undone).error();
    left.insert(left.begin(), *one);
  }
  held_ = std::move(left);
  if (trouble) return *std::move(trouble);
  return {};
}

Result<void> HeldChanges::undo(const Held& one) {
  if (!journal_.leave_to_another(one.entry)) {
    if (auto undone = carry_out(one.undo, table_); !undone) return std::move(undone).error();
  }
  if (auto marked = journal_.mark_done(one.entry); !marked) {
    log_warning(marked.error().message());  // The undo took; recover() will find nothing.
  }
  return {};
}

}  // namespace squall::faults
