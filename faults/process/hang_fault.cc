#include "faults/process/hang_fault.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

#include "faults/core/fault_error.h"
#include "faults/core/held_changes.h"
#include "faults/core/undo.h"
#include "faults/process/cgroup_text.h"
#include "faults/process/frozen_cgroup.h"
#include "faults/process/pick.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int kRounds = 20;  // Of looking for processes that were forked meanwhile.
constexpr Duration kTakesWithin = 1s;
constexpr Duration kFirstPause = 1ms;
constexpr Duration kLongestPause = 20ms;

/// A name that no other group has, on this machine and since its start.
std::string fresh_name(const JournalOwner& owner) {
  static std::atomic<std::uint64_t> last{0};
  return std::string(kCgroupPrefix) + std::to_string(owner.process.pid) + "_" +
         std::to_string(owner.process.start_ticks) + "_" + std::to_string(++last);
}

/// The groups that a fault has made, each with its entry in the journal.
class HungGroups {
 public:
  HungGroups(ProcessTable& table, Journal& journal)
      : table_(table), journal_(journal), made_(table, journal) {}

  /// The group for a process; made, with its undo in the journal before, where there is none yet.
  Result<FrozenCgroup*> group_for(const ProcessInfo& process, const std::string& label) {
    SQUALL_TRY(const auto parents, FrozenCgroup::parents_for(table_, process.id.pid));
    std::optional<Error> trouble;
    for (const fs::path& parent : parents) {
      if (const auto known = groups_.find(parent); known != groups_.end()) return &known->second;
      auto made = make_below(parent, process, label);
      if (made) return &groups_.emplace(parent, *std::move(made)).first->second;
      if (!trouble) trouble = std::move(made).error();
    }
    return *std::move(trouble);
  }

  Result<void> freeze_all() {
    for (auto& [parent, group] : groups_) {
      if (auto frozen = group.freeze(); !frozen) return frozen;
    }
    return {};
  }

  Result<bool> are_frozen() {
    for (auto& [parent, group] : groups_) {
      SQUALL_TRY(const auto frozen, group.is_frozen());
      if (!frozen) return false;
    }
    return true;
  }

  Result<std::set<pid_t>> members() {
    std::set<pid_t> all;
    for (auto& [parent, group] : groups_) {
      SQUALL_TRY(const auto pids, group.members());
      all.insert(pids.begin(), pids.end());
    }
    return all;
  }

  /// Lets all go on and removes the groups.
  Result<void> let_go() { return made_.let_go(); }

 private:
  Result<FrozenCgroup> make_below(const fs::path& parent, const ProcessInfo& process,
                                  const std::string& label) {
    const HangUndo undo{parent / fresh_name(journal_.owner())};
    auto recorded = made_.record(
        {Change{label + ": hang " + process.name + " (pid " + std::to_string(process.id.pid) +
                    ") and what came of it in " + undo.folder.string(),
                parent.string(), undo}});
    if (!recorded) return std::move(recorded).error();
    auto made = FrozenCgroup::make(table_.cgroups(), undo.folder);
    if (!made) {
      Error why = std::move(made).error();
      // Another hierarchy may do: there must be nothing of this one first.
      if (auto undone = made_.let_go_of_last(); !undone) return std::move(undone).error();
      return why;
    }
    return made;
  }

  ProcessTable& table_;
  Journal& journal_;
  std::map<fs::path, FrozenCgroup> groups_;  // By the group in which ours was made.
  HeldChanges made_;
};

/// What was met of one candidate.
struct Met {
  Candidate candidate;
  std::vector<ProcessId> processes;
};

/// One injection: moves the picked trees, and what they fork, into groups of ours, and looks.
class Injection {
 public:
  Injection(ProcessTable& table, const std::string& label, const ProcessScope& scope,
            const std::vector<Candidate>& picked, HungGroups& groups)
      : table_(table), label_(label), scope_(scope), groups_(groups) {
    for (const Candidate& one : picked) {
      met_.push_back({one, {}});
      met_.back().candidate.whole_tree = true;
    }
  }

  Result<void> apply() {
    for (int round = 0; round < kRounds; ++round) {
      SQUALL_TRY(const auto newcomers, find_newcomers());
      if (newcomers.empty()) return {};
      for (const ProcessInfo& one : newcomers) {
        if (auto moved = move(one); !moved) return moved;
      }
      if (auto frozen = groups_.freeze_all(); !frozen) return frozen;
      SQUALL_TRY(const auto all, wait_until_frozen());
      if (!all) return {};  // look() tells of it.
    }
    return reason(std::errc::resource_unavailable_try_again,
                  "it forks faster than it can be frozen");
  }

  /// Reads back what became of it.
  Result<void> look(InjectedProcessFault& into) {
    SQUALL_TRY(const auto frozen, groups_.are_frozen());
    SQUALL_TRY(const auto members, groups_.members());
    into.took = frozen;
    bool any = false;
    for (const Met& met : met_) {
      std::vector<ProcessId> there;
      std::vector<ProcessId> elsewhere;
      for (const ProcessId& one : met.processes) {
        const auto now = table_.look_at(one);
        if (!now && !is_gone(now)) return now.error();
        if (!now || !now->is_alive()) continue;
        (members.contains(one.pid) ? there : elsewhere).push_back(one);
      }
      std::string words = met.candidate.name + ": ";
      words += there.empty() ? "nothing" : in_words(there);
      words += " frozen";
      if (!elsewhere.empty()) words += ", not " + in_words(elsewhere);
      into.seen += (into.seen.empty() ? "" : "; ") + words;
      into.took = into.took && elsewhere.empty();
      any = any || !there.empty();
    }
    if (!frozen) into.seen += "; not all is frozen within 1 s";
    into.took = into.took && any;
    return {};
  }

 private:
  Result<std::vector<ProcessInfo>> find_newcomers() {
    SQUALL_TRY(const auto all, table_.list());
    SQUALL_TRY(const auto members, groups_.members());
    std::vector<ProcessInfo> newcomers;
    for (Met& met : met_) {
      for (const ProcessInfo& one : processes_of(met.candidate, all, scope_)) {
        if (!seen_.insert(one.id).second) continue;
        met.processes.push_back(one.id);
        if (!members.contains(one.id.pid)) newcomers.push_back(one);  // Born in ours, else.
      }
    }
    return newcomers;
  }

  Result<void> move(const ProcessInfo& process) {
    const auto group = groups_.group_for(process, label_);
    if (is_gone(group)) return {};
    if (!group) return group.error();
    auto added = (*group)->add(process.id.pid);
    if (is_gone(added)) return {};
    if (!added) return added;
    // Had its pid been given away before, another would be frozen now: put that one back.
    const auto now = table_.look_at(process.id);
    if (!is_gone(now)) return now ? Result<void>() : Result<void>(now.error());
    const fs::path home = (*group)->folder().parent_path();
    auto back = table_.cgroups().write(home / "cgroup.procs", std::to_string(process.id.pid));
    return is_gone(back) ? Result<void>() : back;
  }

  Result<bool> wait_until_frozen() {
    Duration pause = kFirstPause;
    for (Duration waited{}; waited <= kTakesWithin; waited += pause) {
      SQUALL_TRY(const auto frozen, groups_.are_frozen());
      if (frozen) return true;
      table_.pause(pause);
      pause = std::min(2 * pause, kLongestPause);
    }
    return false;
  }

  ProcessTable& table_;
  const std::string& label_;
  const ProcessScope& scope_;
  HungGroups& groups_;
  std::vector<Met> met_;
  std::set<ProcessId> seen_;
};

}  // namespace

Result<InjectedProcessFault> inject_hang(ProcessTable& table, Journal& journal,
                                         const ProcessFault& fault, const std::string& label,
                                         const ProcessScope& scope) {
  auto picked = pick_candidates(table, fault, scope);
  if (!picked) return std::move(picked).error().within(label);
  const auto groups = std::make_shared<HungGroups>(table, journal);
  InjectedProcessFault injected{ActiveFault(label, [groups] { return groups->let_go(); }),
                                "hang " + in_words(*picked, fault.match), "", false};
  Injection injection(table, label, scope, picked->chosen, *groups);
  auto applied = injection.apply();
  if (applied) applied = injection.look(injected);
  if (applied) return injected;

  Error failure = std::move(applied).error().within(label + ": " + injected.asked);
  if (const auto reverted = injected.active.revert(); !reverted) {
    return as_residue(reverted.error()).within(failure.message());
  }
  return failure;
}

Result<void> check_hang(ProcessTable& table) {
  const auto parents = FrozenCgroup::parents_for(table, ::getpid());
  if (!parents) return parents.error();
  const auto is_writable = [](const fs::path& folder) {
    return ::access(folder.c_str(), W_OK) == 0;
  };
  if (std::any_of((*parents).begin(), (*parents).end(), is_writable)) return {};
  return error(std::errc::permission_denied,
               "make a control group below " + (*parents).front().string());
}

}  // namespace squall::faults
