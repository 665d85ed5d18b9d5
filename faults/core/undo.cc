#include "faults/core/undo.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>
#include <system_error>
#include <vector>

#include "faults/core/fault_error.h"
#include "faults/process/process_tree.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr Duration kFirstPause = 1ms;
constexpr Duration kLongestPause = 20ms;
constexpr Duration kContinueWithin = 1s;
constexpr Duration kKillWithin = 3s;

Result<Undone> carry_out_one(const ContinueUndo& undo, ProcessTable& table) {
  if (const auto sent = table.signal(undo.process, SIGCONT); !sent) {
    if (is_gone(sent)) return Undone::kNothingWasLeft;
    return as_residue(sent.error());
  }
  Duration pause = kFirstPause;
  for (Duration waited{}; waited <= kContinueWithin; waited += pause) {
    auto now = table.look_at(undo.process);
    if (is_gone(now)) return Undone::kNothingWasLeft;
    if (!now) return as_residue(now.error());
    if (!now->is_alive()) return Undone::kNothingWasLeft;
    if (!now->is_stopped()) return Undone::kNow;
    table.pause(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  return as_residue(error(std::errc::timed_out, "it is still stopped"));
}

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
  return as_residue(refused ? *refused : error(std::errc::timed_out, "it does not go away"));
}

Result<Undone> carry_out_one(const NetworkUndo& undo, Networks* networks) {
  if (networks == nullptr) {
    return as_residue(error(std::errc::not_supported, "networks are not at hand here"));
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

Result<Undone> carry_out_one(const LimitUndo& undo, ProcessTable& table) {
  const auto all = table.list();
  if (!all) return as_residue(all.error());
  Undone undone = Undone::kNothingWasLeft;
  for (const ProcessInfo& one : tree_of(undo.process, *all)) {
    const auto limit = table.files_limit(one.id);
    if (is_gone(limit)) continue;
    if (!limit) return as_residue(limit.error());
    if ((*limit).soft != undo.lowered) continue;
    if (const auto set = table.limit_files(one.id, undo.soft); !set) {
      if (is_gone(set)) continue;
      return as_residue(set.error());
    }
    const auto now = table.files_limit(one.id);
    if (is_gone(now)) continue;
    if (!now) return as_residue(now.error());
    if ((*now).soft != undo.soft) {
      return as_residue(
          error(std::errc::io_error, "its limit is still " + std::to_string((*now).soft)));
    }
    undone = Undone::kNow;
  }
  return undone;
}

}  // namespace

Result<Undone> carry_out(const Undo& undo, ProcessTable& table, Networks* networks) {
  const auto do_it = [&]() -> Result<Undone> {
    if (const auto* stopped = std::get_if<ContinueUndo>(&undo))
      return carry_out_one(*stopped, table);
    if (const auto* started = std::get_if<KillUndo>(&undo)) return carry_out_one(*started, table);
    if (const auto* hung = std::get_if<HangUndo>(&undo)) return carry_out_one(*hung, table);
    if (const auto* limit = std::get_if<LimitUndo>(&undo)) return carry_out_one(*limit, table);
    return carry_out_one(std::get<NetworkUndo>(undo), networks);
  };
  auto done = do_it();
  if (!done) return std::move(done).error().within(describe(undo));
  return done;
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
