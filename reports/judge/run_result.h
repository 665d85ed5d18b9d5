#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/units.h"
#include "reports/judge/run_record.h"
#include "reports/measure/outcome.h"
#include "reports/measure/snapshot.h"

namespace squall::reports {

/// The answer of a run. In rising loudness but for kPass < kFail < …; see exit_code().
enum class Verdict { kPass, kFail, kAborted, kInvalid, kIneffective, kResidue, kError };

std::string_view to_string(Verdict verdict);
/// 0 pass, 1 fail, 3 aborted, 4 invalid, 5 ineffective, 6 residue, 7 error.
int exit_code(Verdict verdict);

/// The figures of one load over a stretch of time.
struct LoadFigures {
  SecondCell totals;
  Duration from{};
  Duration to{};
};

struct PhaseResult {
  std::string name;
  LoadFigures figures;
};

/// One point a second of the timeline.
struct SecondPoint {
  std::int64_t second = 0;
  std::uint64_t due = 0, sent = 0, completed = 0, errors = 0, unsent = 0;
  std::array<std::uint64_t, kErrorClasses> errors_by_class{};  ///< By ErrorClass; adds up to errors.
  double due_rate = 0;  ///< What the plan asks for in this second.
  Duration p50{}, p90{}, p99{}, p999{}, max{};  ///< Of `response`, by due second.
  Histogram response;                           ///< For the heat map.
};

struct LoadResult {
  std::string name;
  std::string target;
  std::string protocol;
  bool open = true;
  LoadFigures whole;
  std::vector<PhaseResult> phases;
  std::vector<SecondPoint> series;
};

struct ObjectiveResult {
  std::string name;
  std::string load;
  std::string text;  ///< "99 % of responses within 250 ms".
  double goal = 0;
  std::optional<double> measured;  ///< None: no samples.
  bool met = false;
  std::uint64_t samples = 0, bad = 0;
  double budget_allowed = 0;  ///< Bad events that the goal allows: (1 − goal) × samples.
  double budget_share = 0;    ///< Spent ÷ allowed.
  std::string sentence;       ///< "fast: 98.71 % within 250 ms, goal 99 %: …".
};

struct FaultResult {
  FaultRecord record;
  std::optional<Duration> planned_from, planned_to;
  /// Objective to share of its whole budget that was spent in the fault's phase.
  std::map<std::string, double> budget_spent;
};

struct AgentResult {
  AgentRecord record;
  double cpu_peak = 0;
};

/// A judged run: what every writer writes.
struct RunResult {
  std::string run;
  std::string scenario;
  std::string description;
  Verdict verdict = Verdict::kPass;
  std::vector<std::string> reasons;  ///< Plain sentences, the loudest first. Never empty.
  WallTime started;
  Duration duration{};
  std::vector<LoadResult> loads;
  std::vector<FaultResult> faults;
  std::vector<ObjectiveResult> objectives;
  std::vector<AgentResult> agents;
  std::vector<Event> events;
};

/// Judges a run. Pure: the same record always gives the same result.
RunResult judge(const RunRecord& record);

}  // namespace squall::reports
