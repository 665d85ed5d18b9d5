#include "faults/process/frozen_cgroup.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <sstream>
#include <system_error>
#include <utility>

#include "faults/process/cgroup_text.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Duration kFirstPause = 1ms;
constexpr Duration kLongestPause = 20ms;
constexpr Duration kGoneWithin = 3s;

// cgroup-v2.rst, "cgroup.freeze"; freezer-subsystem.rst of version 1.
constexpr const char* kFreeze = "cgroup.freeze";
constexpr const char* kEvents = "cgroup.events";
constexpr const char* kState = "freezer.state";
constexpr const char* kSelfFreezing = "freezer.self_freezing";
constexpr const char* kMembers = "cgroup.procs";

template <typename T>
bool is_missing(const Result<T>& result) {
  return !result && result.error().code == std::errc::no_such_file_or_directory;
}

/// Pid and start of the agent whose group it is; none when it is not named as ours.
std::optional<std::pair<pid_t, std::uint64_t>> owner_of(const fs::path& folder) {
  std::string name = folder.filename().string();
  if (!name.starts_with(kCgroupPrefix)) return {};
  name.erase(0, kCgroupPrefix.size());
  std::replace(name.begin(), name.end(), '_', ' ');
  const bool is_plain = std::all_of(name.begin(), name.end(),
                                    [](char c) { return c == ' ' || (c >= '0' && c <= '9'); });
  std::istringstream words(name);
  pid_t pid = 0;
  std::uint64_t ticks = 0;
  std::uint64_t number = 0;
  if (!is_plain || !(words >> pid >> ticks >> number) || !words.eof()) return {};
  return std::pair(pid, ticks);
}

bool is_named_as_ours(const fs::path& folder) { return owner_of(folder).has_value(); }

/// True for version 2, whose groups have a file to freeze them by.
Result<bool> is_version_2(Cgroups& cgroups, const fs::path& folder) {
  const auto read = cgroups.read(folder / kFreeze);
  if (read) return true;
  if (is_missing(read)) return false;
  return read.error();
}

/// True when it was told to be frozen itself; a group above it may be, too.
Result<bool> is_told_to_freeze(Cgroups& cgroups, const fs::path& folder) {
  SQUALL_TRY(const auto version_2, is_version_2(cgroups, folder));
  SQUALL_TRY(const auto text, cgroups.read(folder / (version_2 ? kFreeze : kSelfFreezing)));
  return text.starts_with('1');
}

Result<std::vector<pid_t>> members_of(Cgroups& cgroups, const fs::path& folder) {
  SQUALL_TRY(const auto text, cgroups.read(folder / kMembers));
  std::istringstream words(text);
  std::vector<pid_t> pids;
  for (pid_t pid = 0; words >> pid;) {
    if (pid > 0) pids.push_back(pid);  // 0: of a pid namespace that is not seen from here.
  }
  return pids;
}

Result<void> thaw(Cgroups& cgroups, const fs::path& folder) {
  SQUALL_TRY(const auto version_2, is_version_2(cgroups, folder));
  return version_2 ? cgroups.write(folder / kFreeze, "0")
                   : cgroups.write(folder / kState, "THAWED");
}

/// Where the processes of a group of ours belong when it ends: above it, and above those of ours
/// that have ended already and only wait for it.
Result<fs::path> home_of(Cgroups& cgroups, const fs::path& folder) {
  fs::path home = folder.parent_path();
  while (is_named_as_ours(home)) {
    SQUALL_TRY(const auto is_in_force, is_told_to_freeze(cgroups, home));
    if (is_in_force) break;
    home = home.parent_path();
  }
  return home;
}

/// Removes those above a group of ours that have waited for its end.
Result<void> remove_waiting_above(Cgroups& cgroups, const fs::path& folder) {
  for (fs::path above = folder.parent_path(); is_named_as_ours(above);
       above = above.parent_path()) {
    const auto is_in_force = is_told_to_freeze(cgroups, above);
    if (is_missing(is_in_force)) continue;
    if (!is_in_force) return is_in_force.error();
    if (*is_in_force) return {};
    SQUALL_TRY(const auto groups, cgroups.groups_in(above));
    if (!groups.empty()) return {};  // Of another hang, which does it then.
    if (auto removed = cgroups.remove(above); !removed && !is_missing(removed)) return removed;
  }
  return {};
}

/// One attempt to empty and to remove it; false: again in a moment.
Result<bool> try_to_remove(Cgroups& cgroups, const fs::path& folder, const fs::path& home) {
  SQUALL_TRY(const auto members, members_of(cgroups, folder));
  for (const pid_t pid : members) {
    auto moved = cgroups.write(home / kMembers, std::to_string(pid));
    if (!moved && !is_gone(moved)) return std::move(moved).error();
  }
  if (!members.empty()) return false;
  SQUALL_TRY(const auto within, cgroups.groups_in(folder));
  // Another hang is within this one: its end removes this group.
  if (std::any_of(within.begin(), within.end(), is_named_as_ours)) return true;
  auto removed = cgroups.remove(folder);
  if (removed || is_missing(removed)) return true;
  if (removed.error().code == std::errc::device_or_resource_busy) return false;
  return std::move(removed).error();
}

/// Groups of ours in `folder` and below, the innermost first.
void find_ours(Cgroups& cgroups, const fs::path& folder, std::vector<fs::path>& found) {
  const auto groups = cgroups.groups_in(folder);
  if (!groups) return;  // Gone meanwhile, or not for us to see.
  for (const fs::path& one : *groups) {
    find_ours(cgroups, one, found);
    if (is_named_as_ours(one)) found.push_back(one);
  }
}

}  // namespace

bool is_ours(const HangUndo& undo) {
  return undo.folder.is_absolute() && undo.folder.lexically_normal() == undo.folder &&
         is_named_as_ours(undo.folder);
}

Result<void> let_go_on(const HangUndo& undo, ProcessTable& table) {
  return thaw(table.cgroups(), undo.folder);
}

Result<bool> take_back(const HangUndo& undo, ProcessTable& table) {
  Cgroups& cgroups = table.cgroups();
  const auto with_those_above = [&](bool was_there) -> Result<bool> {
    auto removed = remove_waiting_above(cgroups, undo.folder);
    if (!removed) return std::move(removed).error();
    return was_there;
  };
  const auto thawed = thaw(cgroups, undo.folder);
  if (is_missing(thawed)) return with_those_above(false);
  if (!thawed) return thawed.error();
  SQUALL_TRY(const auto home, home_of(cgroups, undo.folder));
  Duration pause = kFirstPause;
  for (Duration waited{}; waited <= kGoneWithin; waited += pause) {
    const auto removed = try_to_remove(cgroups, undo.folder, home);
    if (is_missing(removed)) return with_those_above(true);  // Somebody else was as quick.
    if (!removed) return removed.error();
    if (*removed) return with_those_above(true);
    table.pause(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  return reason(std::errc::timed_out, "it does not become empty");
}

Result<bool> is_frozen_in(const HangUndo& undo, pid_t pid, ProcessTable& table) {
  const auto look = [&]() -> Result<bool> {
    SQUALL_TRY(const auto members, members_of(table.cgroups(), undo.folder));
    if (std::find(members.begin(), members.end(), pid) == members.end()) return false;
    SQUALL_TRY(auto group, FrozenCgroup::find(table.cgroups(), undo.folder));
    return group.is_frozen();
  };
  const auto seen = look();
  if (is_missing(seen)) return false;
  return seen;
}

FoundHung take_back_hung_by_name(ProcessTable& table, bool dry_run,
                                 const std::function<bool(pid_t, std::uint64_t)>& is_alive) {
  FoundHung found;
  Cgroups& cgroups = table.cgroups();
  const auto text = cgroups.mounts();
  if (!text) {
    found.troubles.push_back(text.error().message());
    return found;
  }
  std::vector<fs::path> ours;
  const CgroupMounts mounts = parse_cgroup_mounts(*text);
  if (mounts.unified) find_ours(cgroups, mounts.unified->folder, ours);
  if (mounts.freezer) find_ours(cgroups, mounts.freezer->folder, ours);
  for (const fs::path& folder : ours) {
    const auto owner = owner_of(folder);
    if (!owner || is_alive(owner->first, owner->second)) continue;
    const auto taken = dry_run ? Result<bool>(true) : take_back({folder}, table);
    if (!taken) {
      found.troubles.push_back("cgroup " + folder.string() + ": " + taken.error().message());
    } else if (*taken) {
      found.done.push_back("cgroup " + folder.string());
    }
  }
  return found;
}

Result<std::vector<fs::path>> FrozenCgroup::parents_for(ProcessTable& table, pid_t pid) {
  SQUALL_TRY(const auto mountinfo, table.cgroups().mounts());
  SQUALL_TRY(const auto text, table.cgroups().membership_of(pid));
  const CgroupMounts mounts = parse_cgroup_mounts(mountinfo);
  std::vector<fs::path> parents;
  for (const CgroupMembership& one : parse_membership(text)) {
    const auto is_freezer = [](const std::string& name) { return name == "freezer"; };
    const bool is_version_1 =
        std::any_of(one.controllers.begin(), one.controllers.end(), is_freezer);
    const auto& mount = one.is_version_2() ? mounts.unified : mounts.freezer;
    if (!mount || (!one.is_version_2() && !is_version_1)) continue;
    auto folder = mount->folder_of(one.path);
    if (!folder) continue;
    parents.insert(one.is_version_2() ? parents.begin() : parents.end(), *std::move(folder));
  }
  if (!parents.empty()) return parents;
  return reason(std::errc::not_supported,
                "no control group by which process " + std::to_string(pid) +
                    " could be frozen (neither version 2 nor version 1's freezer is mounted)");
}

Result<FrozenCgroup> FrozenCgroup::make(Cgroups& cgroups, const fs::path& folder) {
  if (auto made = cgroups.make(folder); !made) return std::move(made).error();
  return find(cgroups, folder);
}

Result<FrozenCgroup> FrozenCgroup::find(Cgroups& cgroups, const fs::path& folder) {
  SQUALL_TRY(const auto version_2, is_version_2(cgroups, folder));
  if (!version_2) {
    const auto state = cgroups.read(folder / kState);
    if (is_missing(state)) {  // Version 2 before Linux 5.2.
      return reason(std::errc::not_supported, "nothing can be frozen in " + folder.string());
    }
    if (!state) return state.error();
  }
  return FrozenCgroup(cgroups, folder, version_2);
}

Result<void> FrozenCgroup::add(pid_t pid) {
  return cgroups_->write(folder_ / kMembers, std::to_string(pid));
}

Result<void> FrozenCgroup::freeze() {
  return is_version_2_ ? cgroups_->write(folder_ / kFreeze, "1")
                       : cgroups_->write(folder_ / kState, "FROZEN");
}

Result<bool> FrozenCgroup::is_frozen() {
  SQUALL_TRY(const auto text, cgroups_->read(folder_ / (is_version_2_ ? kEvents : kState)));
  return is_version_2_ ? ("\n" + text).find("\nfrozen 1") != std::string::npos
                       : text.starts_with("FROZEN");
}

Result<std::vector<pid_t>> FrozenCgroup::members() { return members_of(*cgroups_, folder_); }

}  // namespace squall::faults
