#include "reports/judge/absence_result.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <tuple>

#include <fmt/format.h>

#include "reports/judge/objectives.h"
#include "reports/judge/words.h"

namespace squall::reports {
namespace {

using Outcome = AbsenceResult::Outcome;

/// One past the last whole second in which load was offered.
std::int64_t load_end(const RunResult& result) {
  std::int64_t end = 0;
  for (const LoadResult& load : result.loads) end = std::max(end, second_of(load.whole.to));
  return end;
}

/// When the first of its members went, and the last came back.
std::optional<Seconds> seconds_away(const RunRecord& record, const RunResult& result,
                                    bool is_for_good) {
  std::optional<Seconds> away;
  for (const FaultResult& fault : result.faults) {
    auto seconds = seconds_in_force(fault.record, record);
    if (!seconds) return std::nullopt;
    if (!away) away = seconds;
    away =
        Seconds{.from = std::min(away->from, seconds->from), .to = std::max(away->to, seconds->to)};
  }
  if (away && is_for_good) away->to = load_end(result);
  if (away) away->to = std::min(away->to, std::max(load_end(result), away->from + 1));
  return away;
}

void count_requests(const RunResult& result, const Seconds& away, AbsenceResult& into) {
  for (const LoadResult& load : result.loads) {
    for (const SecondPoint& point : load.series) {
      if (!away.holds(point.second)) continue;
      into.samples += point.due;
      into.not_ok += point.not_ok;
    }
  }
}

/// Depth and recovery of all members together: the worst of each.
void take_impact(const RunResult& result, bool is_for_good, AbsenceResult& into) {
  bool has_departed = false;
  std::optional<Duration> under = Duration::zero();
  std::optional<Duration> after = Duration::zero();
  for (const FaultResult& fault : result.faults) {
    if (!fault.impact) continue;
    const FaultImpact& impact = *fault.impact;
    for (const Depth& depth : impact.depth) {
      into.worst_not_ok = std::max(into.worst_not_ok, depth.error_share);
      into.worst_p99 = std::max(into.worst_p99, depth.p99);
    }
    has_departed = has_departed || impact.departed.has_value();
    const auto later = [](std::optional<Duration>& most, std::optional<Duration> moment,
                          Duration since) {
      if (!moment || !most) {
        most.reset();
      } else {
        most = std::max(*most, *moment - since);
      }
    };
    // What is killed is a moment: recovery after it is recovery without it.
    later(under, is_for_good ? impact.recovered : impact.recovered_under, impact.effective);
    later(after, impact.recovered, fault.record.to.value_or(impact.effective));
  }
  if (has_departed) into.recovered_under = under;
  if (!is_for_good) into.recovered = after;
}

/// Why the run says nothing of what was away; empty when it does.
std::string why_unknown(const RunRecord& record, const RunResult& result,
                        const std::optional<Seconds>& away) {
  const bool is_void = result.verdict == Verdict::kResidue || result.verdict == Verdict::kError ||
                       result.verdict == Verdict::kIneffective ||
                       result.verdict == Verdict::kInvalid;
  const bool is_stopped = record.early_end && record.early_end->cause == EarlyEnd::Cause::kSignal;
  if (is_void || is_stopped || !away) {
    return result.reasons.empty() ? "it was never away" : result.reasons.front();
  }
  for (const auto& spec : record.scenario.objectives) {
    const Seconds before{.from = std::numeric_limits<std::int64_t>::min(), .to = away->from};
    const ObjectiveResult objective = judge_objective_over({before}, spec, record);
    if (objective.answer == ObjectiveResult::Answer::kMissed) {
      return "missed already before it was away: " + objective.sentence;
    }
  }
  return "";
}

/// "web.1 went at 15 s …", or what went wrong.
std::string sentence_of(const AbsenceResult& result, const RunResult& run) {
  std::vector<std::string> parts;
  for (const GuardResult& guard : run.guards) {
    if (guard.tripped) parts.push_back("guard " + guard.name + " tripped: " + guard.sentence);
  }
  for (const ObjectiveResult& objective : result.objectives) {
    if (!objective.met) parts.push_back(objective.sentence);
  }
  if (parts.empty()) {
    parts.push_back(fmt::format(
        "{} of {} were ok without it",
        percent(result.samples > 0
                    ? 1 - static_cast<double>(result.not_ok) / static_cast<double>(result.samples)
                    : 0),
        counted(result.samples, "request")));
  }
  if (result.recovered_under) {
    parts.push_back("steady again without it after " + window_in_words(*result.recovered_under));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSinglePoint:
      return "single point";
    case Outcome::kSurvived:
      return "survived";
    case Outcome::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string budget_spent_in_words(double share) { return share > 0 ? percent_up(share) : "none"; }

AbsenceResult judge_absence(const scenarios::Absence& absence,
                            const scenarios::AbsenceTiming& timing, const RunRecord& record,
                            const RunResult& result) {
  AbsenceResult judged;
  judged.absence = absence;
  judged.verdict = result.verdict;
  judged.run = result.run;
  const bool is_for_good = timing.way == scenarios::AbsenceTiming::Way::kKill;
  const auto away = seconds_away(record, result, is_for_good);
  if (away) {
    judged.from = std::chrono::seconds(away->from);
    judged.to = std::chrono::seconds(away->to);
    for (const auto& spec : record.scenario.objectives) {
      judged.objectives.push_back(judge_objective_over({*away}, spec, record));
      judged.budget_spent = std::max(judged.budget_spent, judged.objectives.back().budget_share);
    }
    count_requests(result, *away, judged);
    take_impact(result, is_for_good, judged);
  }
  if (std::string why = why_unknown(record, result, away); !why.empty()) {
    judged.sentence = std::move(why);
    return judged;
  }
  const bool has_tripped =
      std::any_of(result.guards.begin(), result.guards.end(),
                  [](const GuardResult& guard) { return guard.tripped.has_value(); });
  const bool is_kept = std::all_of(judged.objectives.begin(), judged.objectives.end(),
                                   [](const ObjectiveResult& objective) { return objective.met; });
  judged.outcome = is_kept && !has_tripped ? Outcome::kSurvived : Outcome::kSinglePoint;
  judged.sentence = sentence_of(judged, result);
  return judged;
}

void rank(std::vector<AbsenceResult>& results) {
  const auto key = [](const AbsenceResult& one) {
    const int place = one.outcome == Outcome::kSinglePoint ? 2
                      : one.outcome == Outcome::kUnknown   ? 1
                                                           : 0;
    const Duration back = one.recovered.value_or(one.recovered_under.value_or(Duration::max()));
    return std::tuple(place, one.budget_spent, one.worst_not_ok, one.worst_p99, back);
  };
  std::stable_sort(results.begin(), results.end(),
                   [&](const auto& a, const auto& b) { return key(a) > key(b); });
}

std::string absences_sentence(const std::vector<AbsenceResult>& results) {
  std::vector<std::string> single;
  std::size_t unknown = 0;
  for (const AbsenceResult& one : results) {
    if (one.outcome == Outcome::kSinglePoint) single.push_back(one.absence.name);
    if (one.outcome == Outcome::kUnknown) ++unknown;
  }
  std::string words;
  if (single.size() == 1) {
    words = single.front() + " is a single point of failure";
  } else if (!single.empty()) {
    words = fmt::format("{} are single points of failure", fmt::join(single, ", "));
  } else {
    words = "no single point of failure was found";
  }
  words += fmt::format(": {} taken away in turn", counted(results.size(), "thing"));
  if (unknown > 0) words += fmt::format("; of {} of them nothing can be said", unknown);
  return words;
}

}  // namespace squall::reports
