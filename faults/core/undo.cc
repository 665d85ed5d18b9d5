#include "faults/core/undo.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "faults/core/fault_error.h"
#include "faults/process/process_tree.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstPause = 1ms;
constexpr Duration kLongestPause = 20ms;
constexpr Duration kContinueWithin = 1s;
constexpr Duration kKillWithin = 3s;

Result<Undone> carry_out_one(const KillUndo& undo, ProcessTable& table) {
  Undone undone = Undone::kNothingWasLeft;
  std::optional<Error> refused;
  Duration pause = kFirstPause;
  for (Duration waited{}; waited <= kKillWithin; waited += pause) {
    const auto all = table.list();
    if (!all) return as_residue(all.error());
    const auto tree = tree_of(undo.leader, *all);
    if (tree.empty()) return undone;
    undone = Undone::kNow;
    // Each round anew: a process may have forked before its own signal came.
    for (const ProcessInfo& one : tree) {
      auto sent = table.signal(one.id, SIGKILL);
      if (!sent && !is_gone(sent)) refused = std::move(sent).error();
    }
    table.pause(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  return as_residue(refused ? *refused : reason(std::errc::timed_out, "it does not go away"));
}

Result<Undone> carry_out_one(const NetworkUndo& undo, Networks* networks) {
  if (networks == nullptr) {
    return as_residue(reason(std::errc::not_supported, "networks are not at hand here"));
  }
  const auto undone = take_back(undo, *networks);
  if (!undone) return as_residue(undone.error());
  return *undone ? Undone::kNow : Undone::kNothingWasLeft;
}

Result<Undone> carry_out_one(const HangUndo& undo, ProcessTable& table) {
  const auto undone = take_back(undo, table);
  if (!undone) return as_residue(undone.error());
  return *undone ? Undone::kNow : Undone::kNothingWasLeft;
}

/// Not where it is the only one; nor where one hang is within the other, of which each sees by the
/// other's being frozen whether that has ended.
bool may_go_on_early(const HangUndo& hung, const std::vector<Undo>& all) {
  const auto is_within = [](const HangUndo& inner, const HangUndo& outer) {
    const auto& [at, rest] = std::mismatch(outer.folder.begin(), outer.folder.end(),
                                           inner.folder.begin(), inner.folder.end());
    return at == outer.folder.end();
  };
  return all.size() > 1 && std::none_of(all.begin(), all.end(), [&](const Undo& one) {
           const auto* other = std::get_if<HangUndo>(&one);
           return other != nullptr && *other != hung &&
                  (is_within(hung, *other) || is_within(*other, hung));
         });
}

/// Whether that is what the fault made of it. Whoever has lowered the hard limit as far, like a
/// shell by `ulimit -n`, has set it himself.
bool is_from_there(const FilesLimit& limit, const LimitUndo& undo) {
  return limit.soft == undo.lowered && limit.hard > undo.lowered;
}

/// False: it was not what the fault made of it. Fails with no_such_process when it is gone.
Result<bool> give_back(ProcessId process, const LimitUndo& undo, ProcessTable& table) {
  SQUALL_TRY(const auto limit, table.files_bounds(process));
  if (!is_from_there(limit, undo)) return false;
  if (auto set = table.limit_files(process, undo.soft); !set) return std::move(set).error();
  SQUALL_TRY(const auto now, table.files_bounds(process));
  if (now.soft == std::min(undo.soft, now.hard)) return true;
  return error(std::errc::io_error, "its limit is still " + std::to_string(now.soft));
}

/// What one look at all processes came to.
struct LimitsSeen {
  bool given_back = false;
  bool vanished = false;         ///< One ended before its limit was looked at.
  std::vector<ProcessId> alike;  ///< Outside the tree, with that limit, left alone.
};

Result<LimitsSeen> give_back_to_all(const LimitUndo& undo, ProcessTable& table) {
  SQUALL_TRY(const auto all, table.list());
  std::set<ProcessId> tree;
  for (const ProcessInfo& one : tree_of(undo.process, all)) tree.insert(one.id);
  const std::uint64_t since = std::max(undo.since_ticks, undo.process.start_ticks);
  LimitsSeen seen;
  for (const ProcessInfo& one : all) {
    const bool is_in_tree = tree.contains(one.id);
    const bool is_candidate = is_in_tree || (one.id.start_ticks >= since && !one.is_kernel_thread);
    if (!one.is_alive() || !is_candidate) continue;
    if (!is_in_tree && !undo.is_telling) {
      const auto limit = table.files_bounds(one.id);
      if (is_gone(limit)) continue;
      if (!limit) return limit.error();
      if (is_from_there(*limit, undo)) seen.alike.push_back(one.id);
      continue;
    }
    const auto given = give_back(one.id, undo, table);
    if (is_gone(given)) {
      seen.vanished = true;
    } else if (!given) {
      return Error(given.error()).within("process " + std::to_string(one.id.pid));
    } else {
      seen.given_back = seen.given_back || *given;
    }
  }
  return seen;
}

Error alike_are_left(const std::vector<ProcessId>& alike, const LimitUndo& undo) {
  std::string pids;
  for (const ProcessId& one : alike) pids += (pids.empty() ? "" : ", ") + std::to_string(one.pid);
  return reason(std::errc::operation_not_permitted,
                "what started since and may have come of it has a limit of " +
                    std::to_string(undo.lowered) + ", which others had before, too: pid " + pids);
}

Result<Undone> carry_out_one(const LimitUndo& undo, ProcessTable& table) {
  constexpr int kMostLooks = 50;
  constexpr int kLooksForTheVanished = 5;
  // First the one that is known: what it starts from then on has what it had.
  const auto first = give_back(undo.process, undo, table);
  if (!first && !is_gone(first)) return as_residue(first.error());
  Undone undone = first && *first ? Undone::kNow : Undone::kNothingWasLeft;
  for (int look = 1; look <= kMostLooks; ++look) {
    const auto seen = give_back_to_all(undo, table);
    if (!seen) return as_residue(seen.error());
    if (seen->given_back) undone = Undone::kNow;
    // Each may have started another between the listing and its own turn, also one that is gone.
    if (seen->given_back || (seen->vanished && look < kLooksForTheVanished)) continue;
    if (!seen->alike.empty()) return as_residue(alike_are_left(seen->alike, undo));
    return undone;
  }
  return as_residue(reason(std::errc::timed_out, "what came of it goes on to start others"));
}

}  // namespace

Result<Undone> carry_out(const Undo& undo, ProcessTable& table, Networks* networks) {
  return UndosTogether({undo}, table, networks).finish(0);
}

UndosTogether::UndosTogether(std::vector<Undo> undos, ProcessTable& table, Networks* networks)
    : undos_(std::move(undos)), table_(table), networks_(networks), sent_(undos_.size()) {
  for (std::size_t number = 0; number < undos_.size(); ++number) {
    if (const auto* stopped = std::get_if<ContinueUndo>(&undos_[number])) {
      sent_[number] = table_.signal(stopped->process, SIGCONT);
    } else if (const auto* hung = std::get_if<HangUndo>(&undos_[number]);
               hung != nullptr && may_go_on_early(*hung, undos_)) {
      sent_[number] = let_go_on(*hung, table_);
    }
  }
}

Result<Undone> UndosTogether::finish(std::size_t number) {
  auto done = do_rest(number);
  if (!done) return std::move(done).error().within(describe(undos_[number]));
  return done;
}

Result<Undone> UndosTogether::do_rest(std::size_t number) {
  const Undo& undo = undos_[number];
  if (const auto* stopped = std::get_if<ContinueUndo>(&undo)) {
    return look_at(*stopped, *sent_[number]);
  }
  if (const auto* started = std::get_if<KillUndo>(&undo)) return carry_out_one(*started, table_);
  if (const auto* hung = std::get_if<HangUndo>(&undo)) {
    const auto& told = sent_[number];
    const bool is_refused =
        told && !*told && (*told).error().code != std::errc::no_such_file_or_directory;
    return is_refused ? as_residue((*told).error()) : carry_out_one(*hung, table_);
  }
  if (const auto* limit = std::get_if<LimitUndo>(&undo)) return carry_out_one(*limit, table_);
  return carry_out_one(std::get<NetworkUndo>(undo), networks_);
}

Result<Undone> UndosTogether::look_at(const ContinueUndo& undo, const Result<void>& sent) {
  if (is_gone(sent)) return Undone::kNothingWasLeft;
  if (!sent) return as_residue(sent.error());
  for (Duration pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    auto now = table_.look_at(undo.process);
    if (is_gone(now)) return Undone::kNothingWasLeft;
    if (!now) return as_residue(now.error());
    if (!now->is_alive()) return Undone::kNothingWasLeft;
    if (!now->is_stopped()) return Undone::kNow;
    if (waited_ > kContinueWithin) break;
    table_.pause(pause);
    waited_ += pause;
  }
  return as_residue(reason(std::errc::timed_out, "it is still stopped"));
}

std::string describe(const Undo& undo) {
  if (const auto* stopped = std::get_if<ContinueUndo>(&undo)) {
    return "let process " + std::to_string(stopped->process.pid) + " go on";
  }
  if (const auto* network = std::get_if<NetworkUndo>(&undo)) {
    std::string text = "take table " + network->table + " off " + network->interface_name;
    if (network->ifb) text += ", remove interface " + *network->ifb;
    if (network->root) text += ", put back root qdisc " + network->root->kind;
    return text;
  }
  if (const auto* hung = std::get_if<HangUndo>(&undo)) {
    return "let what is in cgroup " + hung->folder.string() + " go on, and remove it";
  }
  if (const auto* limit = std::get_if<LimitUndo>(&undo)) {
    return "let process " + std::to_string(limit->process.pid) + " open " +
           std::to_string(limit->soft) + " files again";
  }
  return "end process " + std::to_string(std::get<KillUndo>(undo).leader.pid) +
         " and all that came of it";
}

std::vector<std::string> names_in(const Undo& undo) {
  if (const auto* network = std::get_if<NetworkUndo>(&undo)) return names_of(*network);
  if (const auto* hung = std::get_if<HangUndo>(&undo)) return {"cgroup " + hung->folder.string()};
  return {};
}

}  // namespace squall::faults
