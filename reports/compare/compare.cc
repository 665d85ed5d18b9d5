#include "reports/compare/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/compare/capacities.h"
#include "reports/compare/figures.h"
#include "reports/compare/medians.h"

namespace squall::reports {
namespace {

using Answer = Difference::Answer;
using Unit = Difference::Unit;

std::optional<double> finite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

/// The limit, in the unit of the change: the tolerance, or the least that counts at all.
double limit_of(const FigurePair& pair, double tolerance) {
  const double a = pair.about.a.value_or(0);
  const double relative = pair.slack * tolerance;
  if (pair.about.unit == Unit::kShare) {
    return std::max(pair.least, std::min(pair.most, relative * a));
  }
  return a > 0 ? std::max(relative, pair.least / a) : relative;
}

Difference judged(const FigurePair& pair, const CompareOptions& options, std::size_t family) {
  Difference made = pair.about;
  made.limit = limit_of(pair, options.tolerance);
  if (made.a && made.b && made.unit != Unit::kShare && *made.a > 0) {
    made.change = *made.b / *made.a - 1;
  }
  if (made.a && made.b && made.unit == Unit::kShare) made.change = *made.b - *made.a;
  if (!pair.between || !made.change) return made;

  Interval range = pair.between((1 - options.confidence) / (2 * static_cast<double>(family)));
  if (made.unit != Unit::kShare) range = {std::expm1(range.low), std::expm1(range.high)};
  made.low = finite(range.low);
  made.high = finite(range.high);

  // Where nothing was bad in either, there is no difference to be unclear about.
  const bool is_clean = made.unit == Unit::kShare && *made.a == 0 && *made.b == 0;
  const bool is_clear = range.low > 0 || range.high < 0;
  // A goal that was met and now is missed matters however little it took.
  if (is_clear && (pair.is_turned || std::abs(*made.change) > made.limit)) {
    made.answer = (*made.change > 0) == pair.more_is_worse ? Answer::kWorse : Answer::kBetter;
  } else if (is_clean ||
             (range.low >= -kSameWithin * made.limit && range.high <= kSameWithin * made.limit)) {
    made.answer = Answer::kSame;
  } else {
    made.answer = Answer::kUnclear;
  }
  return made;
}

template <typename Named>
const Named* find_named(const std::vector<Named>& list, const std::string& name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Named& one) { return one.name == name; });
  return found == list.end() ? nullptr : &*found;
}

/// Judges all figures together; the interval of each depends on how many there are.
void judge_all(const std::vector<FigurePair>& pairs, const CompareOptions& options,
               Comparison& made) {
  made.tolerance = options.tolerance;
  made.confidence = options.confidence;
  const auto family = std::count_if(pairs.begin(), pairs.end(),
                                    [](const FigurePair& pair) { return pair.between != nullptr; });
  for (const FigurePair& pair : pairs) {
    made.differences.push_back(
        judged(pair, options, static_cast<std::size_t>(std::max<std::ptrdiff_t>(family, 1))));
    const Difference& last = made.differences.back();
    if (pair.is_turned && last.answer == Answer::kSame) made.remarks.push_back(in_words(last));
  }
}

std::vector<std::string> sentences(const std::vector<Difference>& differences, Answer answer) {
  std::vector<std::string> made;
  for (const Difference& difference : differences) {
    if (difference.answer == answer) made.push_back(in_words(difference));
  }
  return made;
}

std::string not_judged(const Difference& difference) {
  if (difference.seconds < static_cast<std::int64_t>(kFewestOfStratum)) {
    return fmt::format("not judged, {} s are too short: ", difference.seconds);
  }
  return "too few samples: ";
}

/// Why nobody can say that these are the same.
std::vector<std::string> doubts(const std::vector<Difference>& differences) {
  std::vector<std::string> made;
  bool is_any_decisive = false;
  for (const Difference& difference : differences) {
    if (!difference.is_decisive) continue;
    is_any_decisive = true;
    if (difference.answer == Answer::kUnclear) {
      made.push_back("too noisy: " + in_words(difference));
    } else if (difference.answer == Answer::kTooFew) {
      made.push_back(not_judged(difference) + in_words(difference));
    }
  }
  if (!is_any_decisive) {
    made.emplace_back("too short: it takes 10 s of a load to compare");
  }
  return made;
}

/// The verdict that follows from the figures and from what makes the two incomparable.
void conclude(std::vector<std::string> obstacles, Comparison& made) {
  auto worse = sentences(made.differences, Answer::kWorse);
  auto better = sentences(made.differences, Answer::kBetter);
  if (!obstacles.empty()) {
    made.verdict = ComparisonVerdict::kNotComparable;
    made.reasons = std::move(obstacles);
    return;
  }
  if (!worse.empty()) {
    made.verdict = ComparisonVerdict::kWorse;
    made.reasons = std::move(worse);
    for (std::string& sentence : better) made.remarks.push_back("but better: " + sentence);
    return;
  }
  if (auto unsettled = doubts(made.differences); !unsettled.empty()) {
    made.verdict = ComparisonVerdict::kNotComparable;
    made.reasons = std::move(unsettled);
    for (std::string& sentence : better) made.remarks.push_back("better: " + sentence);
    return;
  }
  if (!better.empty()) {
    made.verdict = ComparisonVerdict::kBetter;
    made.reasons = std::move(better);
    return;
  }
  made.reasons.push_back(fmt::format("no difference of more than {:.3g} %", made.tolerance * 100));
}

bool is_measurement(std::string_view verdict) { return verdict == "pass" || verdict == "fail"; }

std::string machine_in_words(const Machine& machine) {
  return fmt::format("{} ({} cores, {:.1f} GB)", machine.cpu.empty() ? "unknown" : machine.cpu,
                     machine.cores, static_cast<double>(machine.memory_bytes) / 1e9);
}

/// The memory that a system reports differs by some pages from one start to the next.
bool is_same_machine(const Machine& a, const Machine& b) {
  const auto memory_a = static_cast<double>(a.memory_bytes);
  const auto memory_b = static_cast<double>(b.memory_bytes);
  return a.cpu == b.cpu && a.cores == b.cores &&
         std::abs(memory_a - memory_b) <= 0.02 * std::max(memory_a, memory_b);
}

/// What must be alike and is not: what `anyway` passes over, and what nothing does.
struct Obstacles {
  std::vector<std::string> unlike;
  std::vector<std::string> broken;
};

Obstacles obstacles_between(const ComparedRun& a, const ComparedRun& b, Comparison& made) {
  Obstacles found;
  if (a.scenario != b.scenario) {
    found.unlike.push_back(fmt::format("other scenario: {} and {}", a.scenario, b.scenario));
  } else if (a.text.empty() || b.text.empty()) {
    const std::string_view who = !a.text.empty() ? "B" : b.text.empty() ? "A and B" : "A";
    found.unlike.push_back(fmt::format(
        "there is no scenario.yaml beside {}: whether both ran the same scenario cannot "
        "be told (--anyway compares them nevertheless)",
        who));
  } else if (a.text != b.text) {
    found.unlike.push_back(fmt::format("the text of scenario {} is another", a.scenario));
  }
  if (!a.machine || !b.machine) {
    made.remarks.push_back(
        fmt::format("{} does not say on which machine it was measured", a.machine ? "B" : "A"));
  } else {
    if (!is_same_machine(*a.machine, *b.machine)) {
      found.unlike.push_back(fmt::format("other machine: {} and {}", machine_in_words(*a.machine),
                                         machine_in_words(*b.machine)));
    }
    if (a.machine->kernel != b.machine->kernel) {
      made.remarks.push_back(
          fmt::format("other kernel: {} and {}", a.machine->kernel, b.machine->kernel));
    }
    if (a.machine->squall != b.machine->squall) {
      made.remarks.push_back(
          fmt::format("other version of squall: {} and {}", a.machine->squall, b.machine->squall));
    }
  }
  if (a.agents != b.agents) {
    found.unlike.push_back(fmt::format("{} and {} agents", a.agents, b.agents));
  }
  for (const auto& [letter, run] : {std::pair{'A', &a}, std::pair{'B', &b}}) {
    if (!is_measurement(run->verdict)) {
      found.broken.push_back(fmt::format("{}'s verdict is {}", letter, run->verdict));
    }
  }
  return found;
}

}  // namespace

namespace {

bool is_searched(const ComparedRun& run, const std::string& load) {
  return std::any_of(run.capacities.begin(), run.capacities.end(),
                     [&](const ComparedCapacity& one) { return one.load == load; });
}

std::string named(const ComparedCapacity& capacity) {
  return fmt::format("capacity of {}{}{}", capacity.load, capacity.row.empty() ? "" : " ",
                     capacity.row);
}

/// What B has of these and A has not.
template <typename Named>
void tell_new(std::string_view what, const std::vector<Named>& a, const std::vector<Named>& b,
              Obstacles& obstacles) {
  for (const Named& one : b) {
    if (find_named(a, one.name) != nullptr) continue;
    obstacles.unlike.push_back(fmt::format("A has no {} {}", what, one.name));
  }
}

void compare_capacities(const ComparedRun& a, const ComparedRun& b, const CompareOptions& options,
                        Obstacles& obstacles, Comparison& made) {
  for (const ComparedCapacity& capacity : a.capacities) {
    const auto other =
        std::find_if(b.capacities.begin(), b.capacities.end(), [&](const ComparedCapacity& one) {
          return one.load == capacity.load && one.row == capacity.row;
        });
    if (other != b.capacities.end()) {
      made.differences.push_back(capacity_difference(capacity, *other, options));
      continue;
    }
    obstacles.unlike.push_back("B has no " + named(capacity));
  }
  for (const ComparedCapacity& capacity : b.capacities) {
    const bool is_known =
        std::any_of(a.capacities.begin(), a.capacities.end(), [&](const ComparedCapacity& one) {
          return one.load == capacity.load && one.row == capacity.row;
        });
    if (!is_known) obstacles.unlike.push_back("A has no " + named(capacity));
  }
}

/// All but the verdict; what must be alike and is not is answered.
std::vector<std::string> compare_figures(const ComparedRun& a, const ComparedRun& b,
                                         const CompareOptions& options, Comparison& made) {
  made.a = a.run;
  made.b = b.run;
  Obstacles obstacles = obstacles_between(a, b, made);
  std::vector<FigurePair> pairs;
  for (const ComparedLoad& load : a.loads) {
    const ComparedLoad* other = find_named(b.loads, load.name);
    if (other == nullptr) {
      obstacles.unlike.push_back(fmt::format("B has no load {}", load.name));
      continue;
    }
    if (is_searched(a, load.name) || is_searched(b, load.name)) continue;
    Figures figures = figures_of(load, *other);
    std::move(figures.pairs.begin(), figures.pairs.end(), std::back_inserter(pairs));
    std::move(figures.unlike.begin(), figures.unlike.end(), std::back_inserter(obstacles.unlike));
    std::move(figures.remarks.begin(), figures.remarks.end(), std::back_inserter(made.remarks));
  }
  tell_new("load", a.loads, b.loads, obstacles);
  for (const ComparedObjective& objective : a.objectives) {
    const ComparedObjective* other = find_named(b.objectives, objective.name);
    if (other == nullptr) {
      obstacles.unlike.push_back(fmt::format("B has no objective {}", objective.name));
      continue;
    }
    // Of a search the objective is what it searched by: missed where the rate was too high.
    if (is_searched(a, objective.load) || is_searched(b, objective.load)) continue;
    pairs.push_back(figure_of(objective, *other, find_named(a.loads, objective.load),
                              find_named(b.loads, objective.load)));
  }
  tell_new("objective", a.objectives, b.objectives, obstacles);
  judge_all(pairs, options, made);
  compare_capacities(a, b, options, obstacles, made);
  if (options.anyway) {
    std::move(obstacles.unlike.begin(), obstacles.unlike.end(), std::back_inserter(made.remarks));
  } else {
    obstacles.broken.insert(obstacles.broken.end(),
                            std::make_move_iterator(obstacles.unlike.begin()),
                            std::make_move_iterator(obstacles.unlike.end()));
  }
  return std::move(obstacles.broken);
}

}  // namespace

Comparison compare(const ComparedRun& a, const ComparedRun& b, const CompareOptions& options) {
  Comparison made;
  conclude(compare_figures(a, b, options, made), made);
  return made;
}

Comparison compare(const std::vector<ComparedRun>& baselines, const ComparedRun& b,
                   const CompareOptions& options) {
  std::vector<Comparison> all;
  std::vector<std::string> obstacles;
  std::vector<std::string> names;
  Comparison made;
  for (const ComparedRun& baseline : baselines) {
    Comparison& one = all.emplace_back();
    for (std::string& why : compare_figures(baseline, b, options, one)) {
      const std::string named = baselines.size() == 1 ? why : baseline.run + ": " + why;
      obstacles.push_back(named);
    }
    for (const std::string& remark : one.remarks) {
      if (std::find(made.remarks.begin(), made.remarks.end(), remark) == made.remarks.end()) {
        made.remarks.push_back(remark);
      }
    }
    names.push_back(baseline.run);
  }
  made.a = baselines.size() == 1
               ? names.front()
               : fmt::format("the median of {} runs: {}", names.size(), fmt::join(names, ", "));
  made.b = b.run;
  made.tolerance = options.tolerance;
  made.confidence = options.confidence;
  made.differences = medians_of(all);
  conclude(std::move(obstacles), made);
  return made;
}

Comparison compare_loads(const ComparedLoad& control, const ComparedLoad& canary,
                         const CompareOptions& options) {
  Comparison made;
  made.a = control.name;
  made.b = canary.name;
  // The sides have their own shares of one schedule: how much each completed is not compared.
  Figures figures = figures_of(control, canary);
  std::erase_if(figures.pairs,
                [](const FigurePair& pair) { return pair.about.unit == Unit::kRate; });
  made.remarks = std::move(figures.remarks);
  judge_all(figures.pairs, options, made);
  conclude(std::move(figures.unlike), made);
  return made;
}

}  // namespace squall::reports
