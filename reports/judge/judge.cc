#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/judge/capacity_words.h"
#include "reports/judge/comparisons.h"
#include "reports/judge/impact.h"
#include "reports/judge/load_results.h"
#include "reports/judge/matrix_words.h"
#include "reports/judge/objectives.h"
#include "reports/judge/probes.h"
#include "reports/judge/returns.h"
#include "reports/judge/run_result.h"
#include "reports/judge/trust.h"
#include "reports/judge/words.h"
#include "scenarios/plan/phrases.h"

namespace squall::reports {
namespace {

/// A sentence and the verdict that it alone would give. A note speaks for kPass.
struct Reason {
  Verdict verdict = Verdict::kPass;
  std::string sentence;
};
using Reasons = std::vector<Reason>;

std::string with_error(std::string sentence, const std::string& error) {
  return error.empty() ? sentence : std::move(sentence) + ": " + error;
}

void judge_fault(const FaultRecord& fault, const RunRecord& record, Reasons& reasons) {
  switch (fault.state) {
    case FaultRecord::State::kResidue:
      reasons.push_back(
          {Verdict::kResidue, with_error(fault.label + " could not be undone", fault.error)});
      break;
    case FaultRecord::State::kInForce:
      reasons.push_back(
          {Verdict::kResidue,
           fault.error.empty()
               ? fault.label + " was in force to the end, and nothing shows that it was undone"
               : fault.label + ": " + fault.error});
      break;
    case FaultRecord::State::kFailed:
      reasons.push_back(
          {Verdict::kError, with_error(fault.label + " could not be applied", fault.error)});
      break;
    case FaultRecord::State::kIneffective: {
      std::string sentence = fault.label + " did not happen as asked";
      if (!fault.asked.empty()) sentence += ": asked " + fault.asked;
      if (!fault.seen.empty()) sentence += ", seen " + fault.seen;
      reasons.push_back({Verdict::kIneffective, with_error(std::move(sentence), fault.error)});
      break;
    }
    case FaultRecord::State::kPlanned:
      // A run that ended early never came to its later faults; an operator may have spared it some.
      if (!record.early_end && !fault.is_stopped) {
        reasons.push_back(
            {Verdict::kError, with_error(fault.label + " was never applied", fault.error)});
      }
      break;
    case FaultRecord::State::kDone:
    case FaultRecord::State::kUndone:
      break;
  }
}

void judge_early_end(const EarlyEnd& end, Reasons& reasons) {
  const bool is_said = std::any_of(reasons.begin(), reasons.end(), [&end](const Reason& reason) {
    return reason.sentence == end.why;
  });
  const std::string why = is_said ? "" : ": " + end.why;
  const Verdict verdict =
      end.cause == EarlyEnd::Cause::kError ? Verdict::kError : Verdict::kAborted;
  const Duration at = std::chrono::round<std::chrono::milliseconds>(end.at);
  reasons.push_back(
      {verdict, at > Duration{} ? fmt::format("ended early, {} into the load{}", as_chosen(at), why)
                                : "ended before the load began" + why});
}

/// By how much an agent's timeline may be beside the coordinator's: a tenth of a second of it.
constexpr double kMostClockErrorMs = 100;

void judge_agent(const AgentRecord& agent, const RunRecord& record, Reasons& reasons) {
  if (const double beside = agent.clock_error_ms + std::abs(agent.clock_drift_ms);
      beside > kMostClockErrorMs) {
    reasons.push_back({Verdict::kInvalid,
                       fmt::format("{}: its timeline may be {:.0f} ms beside the others', limit "
                                   "{:.0f} ms",
                                   agent.name, beside, kMostClockErrorMs)});
  }
  if (agent.state == "failed") {
    reasons.push_back({Verdict::kError, agent.name + " failed"});
  } else if (agent.state == "lost") {
    const bool is_borne = record.scenario.agent_lost == scenarios::AgentLost::kContinue;
    reasons.push_back({is_borne ? Verdict::kPass : Verdict::kError,
                       agent.name + " was lost: its later figures are missing"});
  }
}

/// "990 connect errors, 10 unsent".
std::string what_became_of(const SecondCell& totals) {
  std::vector<std::string> parts;
  for (std::size_t i = 1; i < kErrorClasses; ++i) {
    const std::uint64_t times = totals.errors.at(i);
    if (times == 0) continue;
    parts.push_back(counted(times, fmt::format("{} error", to_string(static_cast<ErrorClass>(i)))));
  }
  std::sort(parts.begin(), parts.end());
  if (totals.unsent > 0) parts.push_back(thousands(totals.unsent) + " unsent");
  if (totals.shed > 0) parts.push_back(thousands(totals.shed) + " shed");
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// A load without one request that was ok is a failure, whether or not somebody wrote an objective
/// against it; unless its objectives, all met, want just that.
void judge_load(const LoadResult& load, const RunRecord& record, RunResult& result,
                Reasons& reasons) {
  const SecondCell& totals = load.whole.totals;
  if (totals.ok > 0) return;
  if (totals.due == 0) {
    if (!record.early_end) {
      reasons.push_back({Verdict::kFail, load.name + ": no request fell due"});
    }
    return;
  }
  const auto concerns = [&load](const ObjectiveResult& o) { return o.load == load.name; };
  const auto misses = [&](const ObjectiveResult& o) { return concerns(o) && !o.met; };
  const bool is_wanted =
      std::any_of(result.objectives.begin(), result.objectives.end(), concerns) &&
      std::none_of(result.objectives.begin(), result.objectives.end(), misses);
  if (is_wanted) {
    result.warnings.push_back(
        load.name +
        ": none of its requests was ok, though all of its "
        "objectives are met: 'good' looks at the status alone, not at 'expect'");
    return;
  }
  std::string sentence = totals.due == 1 ? fmt::format("{}: the only request was not ok", load.name)
                                         : fmt::format("{}: none of {} was ok", load.name,
                                                       counted(totals.due, "request"));
  const std::string became = what_became_of(totals);
  reasons.push_back({Verdict::kFail, became.empty() ? sentence : sentence + ": " + became});
}

std::string objectives_met(const RunResult& result, std::uint64_t ok, std::uint64_t due) {
  switch (result.objectives.size()) {
    case 0:
      return fmt::format("no objectives; {} of {} ok", thousands(ok), counted(due, "request"));
    case 1:
      return "the only objective, " + result.objectives.front().name + ", was met";
    case 2:
      return "both objectives met";
    default:
      return fmt::format("all {} objectives met", result.objectives.size());
  }
}

/// Verdict and reasons from all that speaks for something louder than pass.
void conclude(Reasons reasons, RunResult& result) {
  std::uint64_t ok = 0;
  std::uint64_t due = 0;
  for (const LoadResult& load : result.loads) {
    ok += load.whole.totals.ok;
    due += load.whole.totals.due;
  }
  for (const Reason& reason : reasons) result.verdict = std::max(result.verdict, reason.verdict);
  if (result.verdict == Verdict::kPass && ok == 0) {
    reasons.push_back({Verdict::kFail, due == 0 ? "no request fell due" : "no request was ok"});
    result.verdict = Verdict::kFail;
  }
  if (result.verdict == Verdict::kPass) {
    reasons.insert(reasons.begin(),
                   {Verdict::kPass, !result.matrix.empty() ? result.matrix_sentence
                                    : result.capacity      ? result.capacity_sentence
                                                           : objectives_met(result, ok, due)});
  }
  std::stable_sort(reasons.begin(), reasons.end(),
                   [](const Reason& a, const Reason& b) { return a.verdict > b.verdict; });
  for (Reason& reason : reasons) result.reasons.push_back(std::move(reason.sentence));
}

Verdict verdict_of(const CapacityRecord& capacity) {
  using End = CapacityRecord::End;
  return capacity.end == End::kNoneHolds   ? Verdict::kFail
         : capacity.end == End::kGenerator ? Verdict::kInvalid
         : capacity.end == End::kCut       ? Verdict::kAborted
                                           : Verdict::kPass;
}

/// A search wants its objectives to be missed now and then: what counts is its answer.
void judge_capacity(const CapacityRecord& capacity, RunResult& result, Reasons& reasons) {
  result.capacity = capacity;
  result.capacity_sentence = capacity_in_words(capacity);
  const Verdict verdict = verdict_of(capacity);
  if (verdict != Verdict::kPass) reasons.push_back({verdict, result.capacity_sentence});
}

MatrixRowResult::Fault row_fault(const std::string& label, const RunRecord& record) {
  using State = FaultRecord::State;
  MatrixRowResult::Fault made{.label = label, .is_verified = false, .seen = "never applied"};
  for (const FaultRecord& fault : record.faults) {
    if (fault.label != label) continue;
    made.is_verified = fault.state == State::kUndone || fault.state == State::kDone;
    if (!fault.from && fault.error.empty()) return made;
    made.seen = fault.error.empty() ? fault.seen : fault.error;
  }
  return made;
}

/// The rows of a matrix, each judged as a search of its own; those that were not begun together.
void judge_matrix(const RunRecord& record, RunResult& result, Reasons& reasons) {
  const CapacityRecord& whole = record.matrix.front().capacity;
  std::vector<std::string> not_begun;
  std::string why;
  for (const MatrixRow& row : record.matrix) {
    MatrixRowResult& made = result.matrix.emplace_back();
    made.row = row;
    made.share = share_of(row.capacity, whole);
    made.sentence = row_in_words(row, whole);
    for (const std::string& label : row.labels) made.faults.push_back(row_fault(label, record));
    const Verdict verdict = verdict_of(row.capacity);
    const bool is_first = result.matrix.size() == 1;  // Which was judged by itself.
    if (!row.from) {
      not_begun.push_back(row.name);
      why = row.capacity.why_cut;
    } else if (verdict != Verdict::kPass && !is_first) {
      reasons.push_back({verdict, made.sentence});
    }
  }
  result.matrix_sentence = matrix_in_words(record.matrix);
  if (not_begun.empty()) return;
  reasons.push_back(
      {Verdict::kAborted,
       fmt::format("matrix: {} of {} rows without an answer ({}): {}", not_begun.size(),
                   record.matrix.size(), fmt::join(not_begun, ", "), why)});
}

bool is_left_to_the_search(const ObjectiveResult& objective, const RunRecord& record) {
  const auto* spec = record.scenario.find_objective(objective.name);
  return record.capacity && record.scenario.capacity && spec != nullptr &&
         scenarios::is_searched(*spec, *record.scenario.capacity);
}

std::vector<FaultResult> fault_results(const RunRecord& record) {
  std::vector<FaultResult> results;
  for (const auto& planned : record.plan.faults) {
    FaultResult result;
    result.planned_from = planned.from;
    result.planned_to = planned.to;
    const auto found =
        std::find_if(record.faults.begin(), record.faults.end(),
                     [&planned](const FaultRecord& fault) { return fault.label == planned.label; });
    if (found != record.faults.end()) {
      result.record = *found;
    } else {
      result.record.name = planned.name;
      result.record.label = planned.label;
      result.record.asked = planned.what;
    }
    results.push_back(std::move(result));
  }
  for (const FaultRecord& fault : record.faults) {
    if (std::none_of(results.begin(), results.end(), [&fault](const FaultResult& result) {
          return result.record.label == fault.label;
        })) {
      results.push_back({.record = fault,
                         .planned_from = {},
                         .planned_to = {},
                         .budget_spent = {},
                         .impact = {}});
    }
  }
  return results;
}

std::map<std::string, double> budget_spent(const FaultRecord& fault, const RunRecord& record,
                                           const std::vector<ObjectiveResult>& objectives) {
  std::map<std::string, double> spent;
  const auto seconds = seconds_in_force(fault, record);
  if (!seconds) return spent;
  for (std::size_t i = 0; i < objectives.size(); ++i) {
    const ObjectiveResult& objective = objectives[i];
    const std::uint64_t bad = bad_in(record.scenario.objectives[i], record, *seconds);
    double& share = spent[objective.name];
    if (bad == 0) continue;
    share = objective.budget_allowed > 0 ? static_cast<double>(bad) / objective.budget_allowed
                                         : std::numeric_limits<double>::infinity();
  }
  return spent;
}

/// The objective with what its alerts would have done; scaled to the time of its load.
ObjectiveResult objective_result(const scenarios::ObjectiveSpec& objective,
                                 const std::vector<LoadResult>& loads, const RunRecord& record) {
  ObjectiveResult result = judge_objective(objective, record);
  const auto load = std::find_if(loads.begin(), loads.end(),
                                 [&](const LoadResult& one) { return one.name == objective.load; });
  const Duration length =
      load == loads.end() ? record.plan.length : load->whole.to - load->whole.from;
  result.series = error_series(objective, record);
  result.burn = judge_burn(result.series, result.goal, length);
  return result;
}

GuardResult guard_result(const scenarios::GuardSpec& guard, const RunRecord& record) {
  GuardResult result{.name = guard.name,
                     .condition = scenarios::what_is_guarded(guard),
                     .tripped = {},
                     .sentence = {}};
  for (const GuardTrip& trip : record.guard_trips) {
    if (trip.guard != guard.name || result.tripped) continue;
    result.tripped = trip.at;
    result.sentence = trip.sentence;
  }
  return result;
}

AgentResult agent_result(const AgentRecord& agent, const Ledger& ledger) {
  AgentResult result;
  result.record = agent;
  if (const auto found = ledger.health().find(agent.name); found != ledger.health().end()) {
    result.health = found->second;
    for (const auto& [second, health] : found->second) {
      result.cpu_peak = std::max(result.cpu_peak, health.cpu);
    }
  }
  return result;
}

/// What the agents warned of: each once, though several said it. What a fault was to bring about is
/// no warning, but told as having come of it.
void add_warnings_of_agents(const RunRecord& record, RunResult& result) {
  for (Event& event : result.events) {
    if (event.kind != "warning") continue;
    if (const auto fault = fault_behind(event, record)) {
      event.kind = "note";
      event.subject = *fault;
      event.detail = "expected of this fault: " + event.detail;
      continue;
    }
    auto& warnings = result.warnings;
    if (std::find(warnings.begin(), warnings.end(), event.detail) == warnings.end()) {
      warnings.push_back(event.detail);
    }
  }
}

}  // namespace

RunResult judge(const RunRecord& record) {
  RunResult result;
  result.run = record.id;
  result.scenario = record.scenario.name;
  result.description = record.scenario.description;
  result.machine = record.machine;
  result.merge_lateness = record.merge_lateness;
  result.started = record.started;
  result.duration = record.duration;
  result.events = record.events;
  std::stable_sort(result.events.begin(), result.events.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });

  const auto phases = actual_phases(record);
  for (const auto& load : record.scenario.loads) {
    result.loads.push_back(load_result(load, record, phases));
  }
  for (const auto& objective : record.scenario.objectives) {
    result.objectives.push_back(objective_result(objective, result.loads, record));
  }
  for (const auto& guard : record.scenario.guards) {
    result.guards.push_back(guard_result(guard, record));
  }
  for (const auto& probe : record.scenario.probes) {
    result.probes.push_back(judge_probe(probe, record));
  }
  result.faults = fault_results(record);
  // While a capacity is searched the load itself comes and goes: no fault's impact could be told.
  if (record.matrix.empty()) judge_impact(record, result);
  for (const AgentRecord& agent : record.agents) {
    result.agents.push_back(agent_result(agent, record.ledger));
  }

  result.warnings = warnings_about(record);
  add_warnings_of_agents(record, result);
  Reasons reasons;
  for (FaultResult& fault : result.faults) {
    if (record.matrix.empty()) {
      fault.budget_spent = budget_spent(fault.record, record, result.objectives);
    }
    judge_fault(fault.record, record, reasons);
  }
  for (const std::string& sentence : record.errors) reasons.push_back({Verdict::kError, sentence});
  if (record.capacity) judge_capacity(*record.capacity, result, reasons);
  if (!record.matrix.empty()) judge_matrix(record, result, reasons);
  if (record.early_end) judge_early_end(*record.early_end, reasons);
  for (const AgentRecord& agent : record.agents) judge_agent(agent, record, reasons);
  for (std::string& sentence : reasons_to_distrust(record)) {
    reasons.push_back({Verdict::kInvalid, std::move(sentence)});
  }
  for (const LoadResult& load : result.loads) judge_load(load, record, result, reasons);
  for (const ObjectiveResult& objective : result.objectives) {
    if (!objective.met && !is_left_to_the_search(objective, record))
      reasons.push_back({Verdict::kFail, objective.sentence});
  }
  for (const ProbeResult& probe : result.probes) {
    if (!probe.met) reasons.push_back({Verdict::kFail, probe.sentence});
  }
  // Over the whole run these say how much of it lay beyond the capacity, which is nobody's failure.
  std::erase_if(result.objectives, [&](const ObjectiveResult& objective) {
    return is_left_to_the_search(objective, record);
  });
  conclude(std::move(reasons), result);
  judge_canaries(record, result);
  return result;
}

}  // namespace squall::reports
