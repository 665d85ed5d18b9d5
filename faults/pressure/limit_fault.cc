#include "faults/pressure/limit_fault.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "faults/core/fault_error.h"
#include "faults/core/held_changes.h"
#include "faults/core/undo.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

/// Limits by which it can be told who has them from a fault: no process of this machine had them
/// before. What a victim starts inherits its limit, and keeps it also where it leaves the tree and
/// nothing else tells any more of whom it came.
class TellingBounds {
 public:
  static Result<TellingBounds> among(const std::vector<ProcessInfo>& all, ProcessTable& table) {
    TellingBounds bounds;
    for (const ProcessInfo& one : all) {
      bounds.since_ = std::max(bounds.since_, one.id.start_ticks);
      if (one.is_kernel_thread || !one.is_alive()) continue;
      const auto limit = table.files_bounds(one.id);
      if (is_gone(limit)) continue;
      if (!limit) return limit.error();
      bounds.taken_.insert((*limit).soft);
    }
    return bounds;
  }

  /// Makes of `to` the next lower one that tells, for processes that had `before`. False where none
  /// is near; then it stays as it is.
  bool choose(std::uint64_t& to, std::uint64_t before) {
    constexpr std::uint64_t kFarthest = 64;
    for (std::uint64_t less = 0; less <= kFarthest && less < to; ++less) {
      const std::uint64_t one = to - less;
      if (taken_.contains(one)) continue;
      if (chosen_.try_emplace(one, before).first->second != before) continue;
      to = one;
      return true;
    }
    return false;
  }

  /// Who started since then was not seen.
  std::uint64_t since() const { return since_; }

 private:
  std::uint64_t since_ = 0;
  std::set<std::uint64_t> taken_;
  std::map<std::uint64_t, std::uint64_t> chosen_;  // What they were before.
};

/// The processes whose limit was lowered, each with its entry in the journal.
class LoweredLimits {
 public:
  LoweredLimits(ProcessTable& table, Journal& journal)
      : table_(table), journal_(journal), changes_(table, journal) {}

  /// All of them are written down at once: the disk is waited for once, not for each. `all` are the
  /// processes of this machine, as they were just seen.
  Result<void> lower(const std::vector<ProcessInfo>& processes, const std::vector<ProcessInfo>& all,
                     const DescriptorsPressure& asked, const std::string& label) {
    std::vector<Change> changes;
    SQUALL_TRY(auto bounds, TellingBounds::among(all, table_));
    for (const ProcessInfo& process : processes) {
      const auto limit = table_.files_limit(process.id);
      if (is_gone(limit)) continue;
      if (!limit) return limit.error();
      std::uint64_t to = lowered_limit(asked, *limit);
      if (asked.count && (*limit).soft - to < *asked.count) asks_too_much_ = true;
      if (to == (*limit).soft) continue;
      if (holds(process.id)) {
        return reason(std::errc::device_or_resource_busy,
                      "the limit of process " + std::to_string(process.id.pid) +
                          " is lowered by another fault already");
      }
      const bool is_telling = bounds.choose(to, (*limit).soft);
      const LimitUndo undo{process.id, (*limit).soft, to, bounds.since(), is_telling};
      changes.push_back({label + ": limit " + process.name + " (pid " +
                             std::to_string(process.id.pid) + ") to " + std::to_string(to) +
                             " open files",
                         std::to_string((*limit).soft), undo});
      lowered_.push_back(undo);
    }
    if (auto recorded = changes_.record(changes); !recorded) return recorded;
    for (const LimitUndo& one : lowered_) {
      auto set = table_.limit_files(one.process, one.lowered);
      if (!set && !is_gone(set)) return set;
    }
    return {};
  }

  /// What is to be seen of it: how many have the limit that they were given.
  Result<PressureFinding> look() {
    PressureFinding finding;
    std::size_t lowered = 0;
    std::size_t alive = 0;
    for (const LimitUndo& one : lowered_) {
      const auto limit = table_.files_limit(one.process);
      if (is_gone(limit)) continue;
      if (!limit) return limit.error();
      ++alive;
      const bool is_lowered = (*limit).soft == one.lowered;
      lowered += is_lowered ? 1 : 0;
      finding.seen += (finding.seen.empty() ? "pid " : ", pid ") + std::to_string(one.process.pid) +
                      ": " + std::to_string((*limit).open) + " open of " +
                      std::to_string((*limit).soft) + " (" + std::to_string(one.soft) + " before)";
    }
    finding.took = lowered == alive && alive > 0 && !asks_too_much_;
    if (finding.seen.empty()) finding.seen = "no limit lowered";
    if (lowered_.empty()) {
      finding.why_not = "as many as were asked for were in use already";
    } else if (alive == 0) {
      finding.why_not = "the processes have ended";
    } else if (asks_too_much_) {
      finding.why_not = "no process may open as many as were to be taken";
    } else if (!finding.took) {
      finding.why_not = "a process has raised its limit again";
    }
    return finding;
  }

  Result<void> give_back() {
    if (!last_) {
      if (const auto seen = look()) last_ = *seen;
    }
    // To look for what each has started since takes long where they are many: those that are known
    // have theirs back before. What is refused here is told by who looks.
    for (const LimitUndo& one : lowered_) {
      const auto limit = table_.files_limit(one.process);
      if (!limit || (*limit).soft != one.lowered) continue;
      if (!table_.limit_files(one.process, one.soft)) break;
    }
    return changes_.let_go();
  }

  PressureFinding last() const { return last_.value_or(PressureFinding{}); }

 private:
  bool holds(ProcessId process) const {
    return journal_.any_in_force([process](const Undo& undo) {
      const auto* limit = std::get_if<LimitUndo>(&undo);
      return limit != nullptr && limit->process == process;
    });
  }

  ProcessTable& table_;
  Journal& journal_;
  HeldChanges changes_;
  std::vector<LimitUndo> lowered_;
  bool asks_too_much_ = false;  // Some limit is lower than what was to be taken of it.
  std::optional<PressureFinding> last_;
};

}  // namespace

std::uint64_t lowered_limit(const DescriptorsPressure& asked, const FilesLimit& now) {
  std::uint64_t to = now.soft;
  if (asked.count) {
    to = now.soft > *asked.count ? now.soft - *asked.count : 0;
  } else if (asked.share) {
    const double free = (1 - asked.share->value) * static_cast<double>(now.soft);
    to = now.open + static_cast<std::uint64_t>(std::llround(std::max(free, 0.0)));
  }
  return std::clamp<std::uint64_t>(to, std::min<std::uint64_t>(1, now.soft), now.soft);
}

Result<InjectedPressure> inject_limit(ProcessTable& table, Journal& journal,
                                      const DescriptorsPressure& asked, const ProcessMatch& of,
                                      const std::string& label, const ProcessScope& scope) {
  const auto limits = std::make_shared<LoweredLimits>(table, journal);
  InjectedPressure injected{.active = ActiveFault(label, [limits] { return limits->give_back(); }),
                            .finding = {},
                            .look = [limits] { return limits->last(); }};
  const auto apply = [&]() -> Result<void> {
    SQUALL_TRY(const auto candidates, find_candidates(table, of, scope));
    SQUALL_TRY(const auto all, table.list());
    std::set<ProcessId> met;  // Of two candidates one may have come of the other.
    std::vector<ProcessInfo> processes;
    for (Candidate one : candidates) {
      one.whole_tree = true;
      if (scope.on_pick) scope.on_pick(one);
      for (const ProcessInfo& process : processes_of(one, all, scope)) {
        if (met.insert(process.id).second) processes.push_back(process);
      }
    }
    if (auto lowered = limits->lower(processes, all, asked, label); !lowered) return lowered;
    SQUALL_TRY(injected.finding, limits->look());
    return {};
  };
  auto applied = apply();
  if (applied) {
    injected.is_there = injected.finding.took;
    return injected;
  }
  Error failure = std::move(applied).error().within(label);
  if (const auto reverted = injected.active.revert(); !reverted) {
    return as_residue(reverted.error()).within(failure.message());
  }
  return failure;
}

}  // namespace squall::faults
