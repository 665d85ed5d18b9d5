#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "faults/process/process_table.h"
#include "harness/base/result.h"

namespace squall::faults {

/// Every control group of ours is named so, with the agent's pid and start and a number.
inline constexpr std::string_view kCgroupPrefix = "squall_";

/// Lets the processes of a group of ours go on, puts them back into the group in which ours was
/// made, and removes ours.
struct HangUndo {
  std::filesystem::path folder;
  bool operator==(const HangUndo&) const = default;
};

/// True when it asks for nothing but a group that is named as ours.
bool is_ours(const HangUndo& undo);

/// Only lets the processes go on, so that of several groups none waits for another; take_back() is
/// still to come.
Result<void> let_go_on(const HangUndo& undo, ProcessTable& table);

/// Does it, and sees that the group is gone: true when there was something to do. Where a hang is
/// within another, whoever ends first leaves the other's processes frozen, and the last removes
/// both groups. A failure is the kernel's, or that it took longer than 3 s.
Result<bool> take_back(const HangUndo& undo, ProcessTable& table);

/// True when the process is in that group of ours and is frozen: a signal to it waits until it goes
/// on. False also when either is gone.
Result<bool> is_frozen_in(const HangUndo& undo, pid_t pid, ProcessTable& table);

/// What was found of groups of ours whose agent is dead, by their names alone; taken back unless
/// `dry_run`.
struct FoundHung {
  std::vector<std::string> done;  ///< "cgroup /sys/fs/cgroup/squall_12_34_1".
  std::vector<std::string> troubles;
};
FoundHung take_back_hung_by_name(ProcessTable& table, bool dry_run,
                                 const std::function<bool(pid_t, std::uint64_t)>& is_alive);

/// A group in which processes are frozen: a child of the group that they are in, so that whatever
/// bounds them bounds them still, and so that it is known where they belong.
///
/// Lifecycle:  a value; what it speaks of is there until take_back().
/// Threads:    one at a time.
/// Errors:     the kernel's.
class FrozenCgroup {
 public:
  /// Where groups can be made for a process, by what it says of itself: version 2 first.
  static Result<std::vector<std::filesystem::path>> parents_for(ProcessTable& table, pid_t pid);
  /// Makes it; fails with not_supported where processes cannot be frozen there.
  static Result<FrozenCgroup> make(Cgroups& cgroups, const std::filesystem::path& folder);

  /// One that is there.
  static Result<FrozenCgroup> find(Cgroups& cgroups, const std::filesystem::path& folder);

  Result<void> add(pid_t pid);
  Result<void> freeze();
  /// True when all that is in it is frozen.
  Result<bool> is_frozen();
  /// The pids in it.
  Result<std::vector<pid_t>> members();
  const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  FrozenCgroup(Cgroups& cgroups, std::filesystem::path folder, bool is_version_2)
      : cgroups_(&cgroups), folder_(std::move(folder)), is_version_2_(is_version_2) {}

  Cgroups* cgroups_;
  std::filesystem::path folder_;
  bool is_version_2_;
};

}  // namespace squall::faults
