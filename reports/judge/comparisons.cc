#include "reports/judge/comparisons.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "reports/judge/objectives.h"

namespace squall::reports {
namespace {

/// Adds sentences for a verdict to the result, whose reasons are the loudest first.
void add_reasons(Verdict verdict, std::vector<std::string> sentences, RunResult& result) {
  // The reasons of a run that passed say why it did, which is no longer so.
  if (result.verdict == Verdict::kPass) result.reasons.clear();
  const bool is_loudest = verdict > result.verdict;
  result.reasons.insert(is_loudest ? result.reasons.begin() : result.reasons.end(),
                        std::make_move_iterator(sentences.begin()),
                        std::make_move_iterator(sentences.end()));
  result.verdict = std::max(result.verdict, verdict);
}

void heed(const Comparison& comparison, const std::string& what, RunResult& result) {
  const bool is_worse = comparison.verdict == ComparisonVerdict::kWorse;
  if (!is_worse && comparison.verdict != ComparisonVerdict::kNotComparable) return;
  // What is no measurement for a louder reason needs no second one.
  if (result.verdict > Verdict::kFail && !is_worse) return;
  std::vector<std::string> sentences;
  for (const std::string& reason : comparison.reasons) {
    sentences.push_back(
        fmt::format("{} {}: {}", is_worse ? "worse than" : "not comparable with", what, reason));
  }
  add_reasons(is_worse ? Verdict::kFail : Verdict::kInvalid, std::move(sentences), result);
}

/// "without faults", "with one-gone".
std::string compared_name(const MatrixRow& row) {
  return row.capacity.faults.empty() ? row.name : "with " + row.name;
}

}  // namespace

ComparedLoad compared_load(const LoadResult& load) {
  ComparedLoad made;
  made.name = load.name;
  made.open = load.open;
  made.from = second_of(load.whole.from);
  const std::int64_t to = second_from(load.whole.to);
  if (to > made.from) made.seconds.resize(static_cast<std::size_t>(to - made.from));
  for (const SecondPoint& point : load.series) {
    if (point.second < made.from || point.second >= to) continue;
    ComparedSecond& second = made.seconds[static_cast<std::size_t>(point.second - made.from)];
    second.due = point.due;
    second.not_ok = point.not_ok;
    second.completed = point.completed;
    second.response = point.response;
  }
  for (const PhaseResult& phase : load.phases) {
    made.phases.push_back({phase.name, second_of(phase.figures.from), second_of(phase.figures.to)});
  }
  return made;
}

ComparedRun compared_run(const RunResult& result, std::string text) {
  ComparedRun made;
  made.run = result.run;
  made.scenario = result.scenario;
  made.text = std::move(text);
  made.verdict = to_string(result.verdict);
  made.machine = result.machine;
  made.agents = result.agents.size();
  for (const LoadResult& load : result.loads) made.loads.push_back(compared_load(load));
  for (const ObjectiveResult& objective : result.objectives) {
    made.objectives.push_back({.name = objective.name,
                               .load = objective.load,
                               .goal = objective.goal,
                               .answer = std::string(to_string(objective.answer)),
                               .from = objective.series.from,
                               .samples = objective.series.samples,
                               .bad = objective.series.bad});
  }
  const auto add = [&](const CapacityRecord& found, const std::string& row) {
    ComparedCapacity& one = made.capacities.emplace_back();
    one.load = found.load;
    one.row = row;
    if (found.good) one.good = found.good->per_second;
    if (found.bad) one.bad = found.bad->per_second;
  };
  if (result.capacity && result.matrix.empty()) add(*result.capacity, "");
  for (const MatrixRowResult& row : result.matrix) add(row.row.capacity, compared_name(row.row));
  return made;
}

void take_baseline(Comparison comparison, RunResult& result) {
  heed(comparison, "the baseline", result);
  result.comparison = std::move(comparison);
}

void judge_canaries(const RunRecord& record, RunResult& result) {
  const auto result_of = [&](const std::string& name) {
    return std::find_if(result.loads.begin(), result.loads.end(),
                        [&](const LoadResult& load) { return load.name == name; });
  };
  for (const generators::LoadSpec& load : record.scenario.loads) {
    if (!load.split || !load.split->is_canary) continue;
    const auto control = result_of(load.split->of);
    const auto canary = result_of(load.name);
    if (control == result.loads.end() || canary == result.loads.end()) continue;
    CompareOptions options;
    options.tolerance = load.split->tolerance;
    CanaryResult made{
        .control = control->name,
        .canary = canary->name,
        .share = load.split->share,
        .comparison = compare_loads(compared_load(*control), compared_load(*canary), options)};
    heed(made.comparison, "the control " + made.control, result);
    result.canaries.push_back(std::move(made));
  }
}

}  // namespace squall::reports
