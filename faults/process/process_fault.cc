#include "faults/process/process_fault.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "faults/core/fault_error.h"
#include "faults/core/held_changes.h"
#include "faults/core/undo.h"
#include "faults/process/frozen_cgroup.h"
#include "faults/process/hang_fault.h"
#include "faults/process/pick.h"
#include "faults/spec/signals.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr int kRounds = 20;  // Of looking for processes that were forked meanwhile.
constexpr Duration kTakesWithin = 1s;
constexpr Duration kFirstPause = 1ms;
constexpr Duration kLongestPause = 20ms;

/// What was met of one candidate.
struct Met {
  const Candidate* candidate = nullptr;
  std::vector<ProcessInfo> processes;  ///< As they were before.
};

/// One injection: sends a signal to the picked candidates, and to what they fork, and looks.
class Injection {
 public:
  Injection(ProcessTable& table, Journal& journal, int signal, const std::string& label,
            const ProcessScope& scope, const std::vector<Candidate>& picked, HeldChanges& stopped)
      : table_(table),
        journal_(journal),
        signal_(signal),
        label_(label),
        scope_(scope),
        stopped_(stopped) {
    for (const Candidate& one : picked) met_.push_back({&one, {}});
  }

  /// Signals all that are meant; the undo of each stop is in `stopped` before it is sent.
  Result<void> apply() {
    for (int round = 0; round < kRounds; ++round) {
      SQUALL_TRY(const auto newcomers, find_newcomers());
      if (newcomers.empty()) return {};
      if (auto sent = send_to(newcomers); !sent) return sent;
      // Any other signal may be what makes a process fork: meet once those that are there.
      if (signal_ != SIGSTOP && signal_ != SIGKILL) return {};
      SQUALL_TRY(const auto all_took, wait_until_it_took());
      if (!all_took) return {};  // look() tells of it.
    }
    return reason(std::errc::resource_unavailable_try_again,
                  "it forks faster than it can be stopped");
  }

  /// Reads back what became of it.
  Result<void> look(InjectedProcessFault& into) {
    into.took = true;
    bool any = false;
    for (const Met& met : met_) {
      std::vector<ProcessId> took;
      std::vector<ProcessId> waiting;
      std::vector<ProcessId> not_taken;
      for (const ProcessInfo& one : met.processes) {
        SQUALL_TRY(const auto state, state_of(one.id));
        if (state == State::kTook) took.push_back(one.id);
        if (state == State::kWaits) waiting.push_back(one.id);
        if (state == State::kNotYet) not_taken.push_back(one.id);
      }
      std::string words = met.candidate->name + ": ";
      if (!took.empty() || waiting.empty()) {
        words += (took.empty() ? "nothing" : in_words(took)) + std::string(past_tense());
      }
      if (!waiting.empty()) {
        words += (took.empty() ? "" : ", ") + in_words(waiting) + " frozen by another fault, and" +
                 past_tense() + " when that ends";
      }
      if (!not_taken.empty()) words += ", not " + in_words(not_taken);
      into.seen += (into.seen.empty() ? "" : "; ") + words;
      into.took = into.took && not_taken.empty();
      // Who is frozen does nothing either way; but a KILL that waits has killed nobody yet.
      if (signal_ == SIGKILL) into.took = into.took && waiting.empty();
      any = any || !took.empty() || !waiting.empty();
    }
    into.took = into.took && any;
    return {};
  }

 private:
  /// kWaits: until the process goes on, which another fault has frozen.
  enum class State { kTook, kNotYet, kWaits, kVanished };

  Result<std::vector<ProcessInfo>> find_newcomers() {
    SQUALL_TRY(const auto all, table_.list());
    std::vector<ProcessInfo> newcomers;
    for (Met& met : met_) {
      for (const ProcessInfo& one : processes_of(*met.candidate, all, scope_)) {
        if (!seen_.insert(one.id).second) continue;
        met.processes.push_back(one);
        newcomers.push_back(one);
      }
    }
    return newcomers;
  }

  Result<void> send_to(const std::vector<ProcessInfo>& processes) {
    if (signal_ == SIGSTOP) {
      if (auto written = write_down(processes); !written) return written;
    }
    for (const ProcessInfo& one : processes) {
      if (signal_ == SIGSTOP && one.is_stopped()) continue;
      const auto sent = table_.signal(one.id, signal_);
      if (sent) delivered_.insert(one.id);
      if (!sent && !is_gone(sent)) return sent;
    }
    return {};
  }

  Result<void> write_down(const std::vector<ProcessInfo>& processes) {
    std::vector<Change> changes;
    for (const ProcessInfo& one : processes) {
      // Somebody else's doing is not ours to undo.
      if (one.is_stopped() && !is_stopped_by_us(one.id)) continue;
      changes.push_back(
          {label_ + ": SIGSTOP to " + one.name + " (pid " + std::to_string(one.id.pid) + ")",
           std::string(1, one.state), ContinueUndo{one.id}});
    }
    return stopped_.record(changes);
  }

  bool is_stopped_by_us(ProcessId process) const {
    return journal_.any_in_force(
        [undo = Undo(ContinueUndo{process})](const Undo& one) { return one == undo; });
  }

  Result<State> state_of(ProcessId process) {
    if (signal_ != SIGSTOP && signal_ != SIGKILL) {
      return delivered_.contains(process) ? State::kTook : State::kVanished;
    }
    auto now = table_.look_at(process);
    if (!now && !is_gone(now)) return now.error();
    const bool alive = now && now->is_alive();
    if (!alive) return signal_ == SIGKILL ? State::kTook : State::kVanished;
    if (signal_ == SIGSTOP && now->is_stopped()) return State::kTook;
    SQUALL_TRY(const auto is_frozen, is_frozen_by_us(process.pid));
    return is_frozen && delivered_.contains(process) ? State::kWaits : State::kNotYet;
  }

  Result<bool> is_frozen_by_us(pid_t pid) {
    std::vector<HangUndo> hung;
    journal_.any_in_force([&](const Undo& one) {
      if (const auto* hang = std::get_if<HangUndo>(&one)) hung.push_back(*hang);
      return false;
    });
    for (const HangUndo& one : hung) {
      SQUALL_TRY(const auto is_frozen, is_frozen_in(one, pid, table_));
      if (is_frozen) return true;
    }
    return false;
  }

  Result<bool> wait_until_it_took() {
    Duration pause = kFirstPause;
    for (Duration waited{}; waited <= kTakesWithin; waited += pause) {
      bool all = true;
      for (const ProcessId& one : seen_) {
        SQUALL_TRY(const auto state, state_of(one));
        // A KILL takes at once what version 2 has frozen; who waits is looked at to the end.
        all = all && state != State::kNotYet && (signal_ != SIGKILL || state != State::kWaits);
      }
      if (all) return true;
      table_.pause(pause);
      pause = std::min(2 * pause, kLongestPause);
    }
    return false;
  }

  const char* past_tense() const {
    if (signal_ == SIGSTOP) return " stopped";
    return signal_ == SIGKILL ? " killed" : " signalled";
  }

  ProcessTable& table_;
  Journal& journal_;
  const int signal_;
  const std::string& label_;
  const ProcessScope& scope_;
  HeldChanges& stopped_;
  std::vector<Met> met_;
  std::set<ProcessId> seen_;
  std::set<ProcessId> delivered_;
};

}  // namespace

Result<InjectedProcessFault> inject(ProcessTable& table, Journal& journal,
                                    const ProcessFault& fault, const std::string& label,
                                    const ProcessScope& scope) {
  if (fault.action == ProcessFault::Action::kHang) {
    return inject_hang(table, journal, fault, label, scope);
  }
  if (fault.action != ProcessFault::Action::kSignal) {
    return error(std::errc::operation_not_supported, label + ": other than by signal");
  }
  if (fault.signal < 1 || fault.signal >= NSIG) {
    return error(std::errc::invalid_argument, label + ": signal " + std::to_string(fault.signal));
  }
  auto picked = pick_candidates(table, fault, scope);
  if (!picked) return std::move(picked).error().within(label);

  const auto stopped = std::make_shared<HeldChanges>(table, journal);
  const auto undo = fault.signal == SIGSTOP
                        ? ActiveFault::Undo([stopped] { return stopped->let_go(); })
                        : ActiveFault::Undo();
  InjectedProcessFault injected{
      ActiveFault(label, undo),
      describe_signal(fault.signal) + " to " + in_words(*picked, fault.match), "", false};
  Injection injection(table, journal, fault.signal, label, scope, picked->chosen, *stopped);
  auto applied = injection.apply();
  if (applied) applied = injection.look(injected);
  if (applied) return injected;

  Error failure = std::move(applied).error().within(label + ": " + injected.asked);
  if (const auto reverted = injected.active.revert(); !reverted) {
    return as_residue(reverted.error()).within(failure.message());
  }
  return failure;
}

}  // namespace squall::faults
