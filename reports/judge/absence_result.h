#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.h"
#include "reports/judge/run_result.h"
#include "scenarios/plan/absence.h"

namespace squall::reports {

/// Whether a scenario's objectives hold without one thing, and what its going cost.
struct AbsenceResult {
  enum class Outcome {
    kSinglePoint,  ///< An objective was missed while it was away, or a guard ended the run.
    kSurvived,     ///< Every objective was met while it was away.
    kUnknown,      ///< The run says nothing of it: see `sentence`.
  };

  scenarios::Absence absence;
  Outcome outcome = Outcome::kUnknown;
  Verdict verdict = Verdict::kPass;  ///< Of the run as a whole.
  std::string run;
  std::string folder;  ///< Of the run, from the folder of all of them.
  Duration from{};     ///< When it was away; offsets from the start of the load.
  Duration to{};
  std::vector<ObjectiveResult> objectives;  ///< Over the seconds in which it was away.
  std::uint64_t samples = 0;                ///< Requests that fell due in these, and
  std::uint64_t not_ok = 0;                 ///< how many were not ok.
  double budget_spent = 0;  ///< Of the tightest objective's for this time; infinite as there.
  double worst_not_ok = 0;  ///< Share of requests in the worst ten seconds.
  Duration worst_p99{};     ///< In the worst ten seconds.
  std::optional<Duration> recovered_under;  ///< Steady again without it, so long after it went.
  std::optional<Duration> recovered;        ///< Steady again, so long after it came back.
  std::string sentence;
};

/// "single point", "survived" or "unknown".
std::string_view to_string(AbsenceResult::Outcome outcome);

/// Judges the run in which one thing was taken away. Pure.
///
/// Each objective is judged over the seconds from its going to its coming back (or to the end of
/// the load): budgets that are spent elsewhere in the run neither help nor hurt, so that the answer
/// does not depend on how long the run was. If one was missed already before it went, the run says
/// nothing.
AbsenceResult judge_absence(const scenarios::Absence& absence,
                            const scenarios::AbsenceTiming& timing, const RunRecord& record,
                            const RunResult& result);

/// "340 %", "more than all", "none": of an error budget.
std::string budget_spent_in_words(double share);

/// The worst first: single points, then what is unknown, then what was survived; within each by
/// budget spent, share not ok and p99 at their worst, and time to recover.
void rank(std::vector<AbsenceResult>& results);

/// "haproxy is a single point of failure.", "3 things were taken away in turn: none is a single
/// point of failure."
std::string absences_sentence(const std::vector<AbsenceResult>& results);

}  // namespace squall::reports
