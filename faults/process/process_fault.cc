#include "faults/process/process_fault.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "faults/core/fault_error.h"
#include "faults/core/undo.h"
#include "faults/process/hang_fault.h"
#include "faults/process/pick.h"
#include "faults/spec/signals.h"
#include "harness/base/log.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr int kRounds = 20;  // Of looking for processes that were forked meanwhile.
constexpr Duration kTakesWithin = 1s;
constexpr Duration kFirstPause = 1ms;
constexpr Duration kLongestPause = 20ms;

/// The processes that a fault has stopped, each with its entry in the journal.
class StoppedProcesses {
 public:
  StoppedProcesses(ProcessTable& table, Journal& journal) : table_(table), journal_(journal) {}

  void add(ProcessId process, std::uint64_t entry) { held_.push_back({process, entry}); }

  /// Lets all go on, the last first. What fails stays held, and does not keep the others.
  Result<void> let_go() {
    std::optional<Error> trouble;
    std::vector<Held> left;
    for (auto one = held_.rbegin(); one != held_.rend(); ++one) {
      const bool stays = journal_.leave_to_another(one->entry);  // Another fault stops it, too.
      if (auto undone = stays ? Undone::kNow : carry_out(ContinueUndo{one->process}, table_);
          !undone) {
        if (!trouble) trouble = std::move(undone).error();
        left.insert(left.begin(), *one);
      } else if (auto marked = journal_.mark_done(one->entry); !marked) {
        log_warning(marked.error().message());  // The undo took; recover() will find nothing.
      }
    }
    held_ = std::move(left);
    if (trouble) return *std::move(trouble);
    return {};
  }

 private:
  struct Held {
    ProcessId process;
    std::uint64_t entry;
  };
  ProcessTable& table_;
  Journal& journal_;
  std::vector<Held> held_;
};

/// What was met of one candidate.
struct Met {
  const Candidate* candidate = nullptr;
  std::vector<ProcessInfo> processes;  ///< As they were before.
};

/// One injection: sends a signal to the picked candidates, and to what they fork, and looks.
class Injection {
 public:
  Injection(ProcessTable& table, Journal& journal, int signal, const std::string& label,
            const ProcessScope& scope, const std::vector<Candidate>& picked,
            StoppedProcesses& stopped)
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
    return error(std::errc::resource_unavailable_try_again,
                 "it forks faster than it can be stopped");
  }

  /// Reads back what became of it.
  Result<void> look(InjectedProcessFault& into) {
    into.took = true;
    bool any = false;
    for (const Met& met : met_) {
      std::vector<ProcessId> took;
      std::vector<ProcessId> not_taken;
      for (const ProcessInfo& one : met.processes) {
        SQUALL_TRY(const auto state, state_of(one.id));
        if (state == State::kTook) took.push_back(one.id);
        if (state == State::kNotYet) not_taken.push_back(one.id);
      }
      std::string words = met.candidate->name + ": ";
      words += took.empty() ? "nothing" : in_words(took);
      words += past_tense();
      if (!not_taken.empty()) words += ", not " + in_words(not_taken);
      into.seen += (into.seen.empty() ? "" : "; ") + words;
      into.took = into.took && not_taken.empty();
      any = any || !took.empty();
    }
    into.took = into.took && any;
    return {};
  }

 private:
  enum class State { kTook, kNotYet, kVanished };

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
    std::vector<ProcessId> ids;
    for (const ProcessInfo& one : processes) {
      // Somebody else's doing is not ours to undo.
      if (one.is_stopped() && !is_stopped_by_us(one.id)) continue;
      ids.push_back(one.id);
      changes.push_back(
          {label_ + ": SIGSTOP to " + one.name + " (pid " + std::to_string(one.id.pid) + ")",
           std::string(1, one.state), ContinueUndo{one.id}});
    }
    if (changes.empty()) return {};
    SQUALL_TRY(const auto entries, journal_.record(changes));
    for (std::size_t at = 0; at < ids.size(); ++at) stopped_.add(ids[at], entries[at]);
    return {};
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
    if (signal_ == SIGKILL) return alive ? State::kNotYet : State::kTook;
    if (!alive) return State::kVanished;
    return now->is_stopped() ? State::kTook : State::kNotYet;
  }

  Result<bool> wait_until_it_took() {
    Duration pause = kFirstPause;
    for (Duration waited{}; waited <= kTakesWithin; waited += pause) {
      bool all = true;
      for (const ProcessId& one : seen_) {
        SQUALL_TRY(const auto state, state_of(one));
        all = all && state != State::kNotYet;
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
  StoppedProcesses& stopped_;
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

  const auto stopped = std::make_shared<StoppedProcesses>(table, journal);
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
