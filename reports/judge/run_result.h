#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.h"
#include "reports/compare/comparison.h"
#include "reports/judge/burn_rate.h"
#include "reports/judge/impact_result.h"
#include "reports/judge/indicator.h"
#include "reports/judge/run_record.h"
#include "reports/measure/machine.h"
#include "reports/measure/outcome.h"
#include "reports/measure/snapshot.h"
#include "reports/measure/sparse_histogram.h"

namespace squall::reports {

/// The answer of a run, in rising loudness: of several that apply, the last is the verdict.
enum class Verdict { kPass, kFail, kAborted, kInvalid, kIneffective, kError, kResidue };

/// "pass": as in results.json.
std::string_view to_string(Verdict verdict);
/// 0 pass, 1 fail, 3 aborted, 4 invalid, 5 ineffective, 6 residue, 7 error. The number says what
/// it was, not how loud: residue drowns error.
int exit_code(Verdict verdict);

/// The figures of one load over a stretch of time; offsets are from the start of the load.
struct LoadFigures {
  SecondCell totals;
  Duration from{};
  Duration to{};
};

/// A load's figures in one phase. What was sent and ended while the run drained, after the last
/// phase, is counted in the last.
struct PhaseResult {
  std::string name;
  LoadFigures figures;
};

/// One point a second of the timeline.
struct SecondPoint {
  std::int64_t second = 0;
  std::uint64_t due = 0, sent = 0, completed = 0, errors = 0, unsent = 0;
  std::uint64_t not_ok = 0;  ///< Of those due in this second: error, unsent or shed.
  std::array<std::uint64_t, kErrorClasses>
      errors_by_class{};  ///< By ErrorClass; adds up to errors.
  QuicCounts quic;        ///< All 0 where it is not HTTP/3.
  double due_rate = 0;    ///< What the plan asks for in this second; 0 for closed loads.
  Duration p50{}, p90{}, p99{}, p999{}, max{};  ///< Of `response`, by due second.
  SparseHistogram response;                     ///< For the heat map.
};

/// What became of one load.
struct LoadResult {
  std::string name;
  std::string target;
  std::string protocol;
  bool open = true;
  LoadFigures whole;  ///< From the load's start to the end of its schedule, or of the run.
  /// Per second. Due: over the load's own length; sent: over the same, and on to the last request
  /// where one was sent later; completed: on to the load's last answer.
  Rate due_rate, sent_rate, completed_rate;
  /// What is missing of it as agents were lost: requests of its schedule that nobody told of, in
  /// none of the counts above; and their share of all, of a closed load that of its users' time.
  std::uint64_t missing = 0;
  double missing_share = 0;
  std::vector<PhaseResult> phases;
  std::vector<SecondPoint> series;
};

/// What became of a limit on a percentile.
struct LimitResult {
  std::string figure;  ///< "p99.9".
  Duration limit{};
  std::optional<Duration> measured;  ///< None: it lies among requests that never ended.
};

/// An error budget for a longer time, at the rate of the run or at one that is stated.
struct PeriodBudget {
  Duration period{};
  bool is_rate_stated = false;
  double rate = 0;  ///< Samples per second.
  double samples = 0;
  double allowed = 0;
  double share = 0;               ///< Of it that the run alone spent.
  std::optional<Duration> lasts;  ///< Until all is spent if every moment is as the run was.
};

/// Whether an objective was met, and what it cost of its budget.
struct ObjectiveResult {
  enum class Answer { kNoSamples, kTooFew, kMissed, kMet };

  std::string name;
  std::string load;
  std::string text;              ///< "99 % of responses within 250 ms".
  std::string unit = "request";  ///< What is counted: or "window".
  double goal = 0;
  std::optional<double> measured;  ///< None: no samples.
  bool met = false;
  Answer answer = Answer::kNoSamples;
  std::uint64_t samples = 0;  ///< What fell due in the objective's stretch of the run.
  std::uint64_t bad = 0;
  double budget_allowed = 0;  ///< Bad ones that the goal allows: (1 − goal) × samples.
  double budget_share = 0;  ///< Bad ÷ allowed; infinite when nothing is allowed and some are bad.
  std::optional<PeriodBudget> period;
  std::optional<LimitResult> limit;
  ErrorSeries series;
  BurnResult burn;
  std::string sentence;  ///< "fast: 98.71 % within 250 ms, goal 99 %: …".
};

/// "met", "missed", "too few", "no samples".
std::string_view to_string(ObjectiveResult::Answer answer);

/// What became of one application of a fault, and what it cost.
struct FaultResult {
  FaultRecord record;
  std::optional<Duration> planned_from, planned_to;
  /// Objective to share of its whole budget that was spent in the seconds in which the fault was
  /// in force. Infinite as in ObjectiveResult. Empty when it never was.
  std::map<std::string, double> budget_spent;
  std::optional<FaultImpact> impact;  ///< None: it never was in force.
};

/// An agent, the greatest share of a core that one of its shards used in any second, and its health
/// by second.
struct AgentResult {
  AgentRecord record;
  double cpu_peak = 0;
  std::map<std::int64_t, Health> health;
};

/// A load of which one schedule was split between two targets, and how its sides compare.
struct CanaryResult {
  std::string control;  ///< The load that keeps its name,
  std::string canary;   ///< and the one beside it.
  double share = 0;     ///< Of the schedule that the canary got.
  Comparison comparison;
};

/// A row of the matrix, and what it says.
struct MatrixRowResult {
  MatrixRow row;
  CapacityShare share;   ///< Of the capacity without faults.
  std::string sentence;  ///< "browse: the target holds 4,100/s with one-gone (…); 61 % of …".
  /// One of its faults, and whether it was seen to be in force.
  struct Fault {
    std::string label;
    bool is_verified = false;
    std::string seen;  ///< What was seen of it, or why it was not in force.
  };
  std::vector<Fault> faults;
};

/// A judged run: what every writer writes.
struct RunResult {
  std::string run;
  std::string scenario;
  std::string description;
  Verdict verdict = Verdict::kPass;
  std::vector<std::string> reasons;  ///< Plain sentences, the loudest first. Never empty.
  /// What a reader should know of the measurement though it takes nothing from the verdict.
  std::vector<std::string> warnings;
  WallTime started;
  Duration duration{};
  std::vector<LoadResult> loads;
  std::vector<FaultResult> faults;
  std::vector<ObjectiveResult> objectives;
  std::vector<GuardResult> guards;
  std::vector<ProbeResult> probes;
  std::vector<SteadyState> steady;  ///< By load, where one could be learnt.
  std::vector<AgentResult> agents;
  std::vector<Event> events;  ///< By time.
  std::optional<MergeLateness> merge_lateness;
  std::optional<Machine> machine;
  std::optional<Comparison> comparison;  ///< With a baseline, where one was given.
  std::vector<CanaryResult> canaries;
  std::optional<CapacityRecord> capacity;
  std::string capacity_sentence;        ///< The answer in words.
  std::vector<MatrixRowResult> matrix;  ///< The first is `capacity`.
  std::string matrix_sentence;          ///< All of it in words; empty: no matrix.
};

/// Judges a run. Pure: the same record always gives the same result.
RunResult judge(const RunRecord& record);

}  // namespace squall::reports
