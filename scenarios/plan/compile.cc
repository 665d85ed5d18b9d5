#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "scenarios/plan/overlaps.h"
#include "scenarios/plan/phrases.h"
#include "scenarios/plan/plan.h"

namespace squall::scenarios {
namespace {

using faults::FaultSpec;

constexpr std::size_t kMostApplications = 10'000;  // Of all faults together.

Duration sum(Duration a, Duration b) { return b > Duration::max() - a ? Duration::max() : a + b; }

Error wrong(const std::string& why) { return error(std::errc::invalid_argument, why); }

/// The rows of the matrix, each as late as it may begin.
std::vector<PlannedRow> rows_of(const Scenario& scenario) {
  std::vector<PlannedRow> rows;
  if (!scenario.capacity) return rows;
  const auto* load = scenario.find_load(scenario.capacity->search);
  Duration from = load == nullptr ? Duration::zero() : load->at;
  for (const MatrixRow& row : scenario.matrix) {
    rows.push_back({row.name, from, sum(from, scenario.capacity->deadline)});
    from = sum(rows.back().to, kBetweenRows);
  }
  return rows;
}

/// The faults of all rows. One without a length of its own lasts as long as its row.
Result<std::vector<PlannedFault>> faults_of_rows(const Scenario& scenario,
                                                 const std::vector<PlannedRow>& rows) {
  std::vector<PlannedFault> faults;
  std::map<std::string, std::size_t> times;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (const std::string& name : scenario.matrix[row].faults) {
      const FaultSpec* fault = scenario.find_fault(name);
      if (fault == nullptr) return wrong("row " + rows[row].name + ": unknown fault " + name);
      const Duration at = fault->start.at.value_or(Duration::zero());
      PlannedFault planned;
      planned.name = name;
      planned.label = ++times[name] == 1 ? name : name + "#" + std::to_string(times[name]);
      planned.from = sum(rows[row].from, at);
      planned.to =
          std::min(rows[row].to, sum(planned.from, fault->length.value_or(Duration::max())));
      planned.what = what_happens(*fault, scenario);
      planned.autonomous = fault->autonomous;
      planned.row = row;
      if (planned.from >= rows[row].to) {
        return wrong("fault " + name + ": it begins at " + in_words(at) +
                     " of its row of the matrix, which has ended by then (" +
                     in_words(rows[row].to - rows[row].from) + ")");
      }
      faults.push_back(std::move(planned));
    }
  }
  std::stable_sort(faults.begin(), faults.end(),
                   [](const PlannedFault& a, const PlannedFault& b) { return a.from < b.from; });
  return faults;
}

/// Finds when each fault begins.
class Compiler {
 public:
  Compiler(const Scenario& scenario, Duration load_end)
      : scenario_(scenario), load_end_(load_end) {}

  Result<std::vector<PlannedFault>> faults() {
    for (const FaultSpec& fault : scenario_.faults) {
      if (fault.start.every) {
        if (auto added = add_repeated(fault); !added) return std::move(added).error();
        continue;
      }
      auto from = start_of(fault);
      if (!from) return std::move(from).error();
      if (auto added = add(fault, *from, 1); !added) return std::move(added).error();
    }
    std::stable_sort(planned_.begin(), planned_.end(),
                     [](const PlannedFault& a, const PlannedFault& b) { return a.from < b.from; });
    return std::move(planned_);
  }

 private:
  Result<void> add_repeated(const FaultSpec& fault) {
    const Duration every = *fault.start.every;
    if (every <= Duration::zero()) return wrong("fault " + fault.name + ": 'every' is no time");
    if (every >= load_end_) {
      return wrong("fault " + fault.name + ": it comes every " + in_words(every) +
                   ", but the load ends at " + in_words(load_end_));
    }
    std::size_t number = 1;
    for (Duration from = every; from < load_end_; from = sum(from, every)) {
      if (auto added = add(fault, from, number++); !added) return added;
    }
    return {};
  }

  Result<void> add(const FaultSpec& fault, Duration from, std::size_t number) {
    if (from >= load_end_) {
      return wrong("fault " + fault.name + ": it begins at " + in_words(from) +
                   ", when the load has ended (" + in_words(load_end_) + ")");
    }
    if (planned_.size() >= kMostApplications) {
      return wrong("fault " + fault.name + ": more than " + std::to_string(kMostApplications) +
                   " applications of faults");
    }
    PlannedFault planned;
    planned.name = fault.name;
    planned.label = number == 1 ? fault.name : fault.name + "#" + std::to_string(number);
    planned.from = from;
    if (fault.length) planned.to = sum(from, *fault.length);
    planned.what = what_happens(fault, scenario_);
    planned.autonomous = fault.autonomous;
    planned_.push_back(std::move(planned));
    return {};
  }

  /// Walks the chain of `after` back to its `at`, then forth again, remembering each end.
  Result<Duration> start_of(const FaultSpec& fault) {
    std::vector<const FaultSpec*> chain{&fault};
    std::set<std::string> seen{fault.name};
    while (chain.back()->start.after && starts_.count(chain.back()->name) == 0) {
      const std::string& name = *chain.back()->start.after;
      const FaultSpec* other = scenario_.find_fault(name);
      if (other == nullptr) return wrong("fault " + fault.name + ": unknown fault '" + name + "'");
      if (other->start.every) {
        return wrong("fault " + fault.name + ": '" + name + "' comes again and again");
      }
      if (!seen.insert(name).second) {
        return wrong("fault " + fault.name + ": it waits for itself by way of '" + name + "'");
      }
      chain.push_back(other);
    }
    Duration end{};
    while (!chain.empty()) {
      const FaultSpec& now = *chain.back();
      chain.pop_back();
      const auto known = starts_.find(now.name);
      const Duration from = known != starts_.end()
                                ? known->second
                                : (now.start.after ? sum(end, now.start.after_delay)
                                                   : now.start.at.value_or(Duration::zero()));
      starts_[now.name] = from;
      end = sum(from, now.length.value_or(Duration::zero()));
    }
    return starts_.at(fault.name);
  }

  const Scenario& scenario_;  // NOLINT: stands on the stack of compile().
  Duration load_end_;
  std::map<std::string, Duration> starts_;
  std::vector<PlannedFault> planned_;
};

/// An objective on a phase that does not come would never have a sample.
Result<void> check_phases(const Scenario& scenario, const Plan& plan) {
  for (const ObjectiveSpec& objective : scenario.objectives) {
    if (!objective.during || !phase_of(*objective.during)) continue;
    std::vector<std::string> names;
    for (const Phase& phase : plan.phases) names.push_back("'" + phase.name + "'");
    const bool comes = std::any_of(plan.phases.begin(), plan.phases.end(), [&](const Phase& phase) {
      return is_phase(*objective.during, phase.name);
    });
    if (comes) continue;
    return wrong(fmt::format("objective {}: no phase is '{}'; there are {}", objective.name,
                             *objective.during, fmt::join(names, ", ")));
  }
  return {};
}

}  // namespace

Rate Plan::rate_at(const generators::LoadSpec& load, Duration offset) {
  if (offset < load.at) return {};
  Duration into = offset - load.at;
  if (const auto* replay = std::get_if<generators::ReplaySpec>(&load.schedule)) {
    if (into >= replay->length) return {};
    return {load.part() * static_cast<double>(replay->requests) / to_seconds(replay->length)};
  }
  const auto* open = std::get_if<generators::OpenSpec>(&load.schedule);
  if (open == nullptr) return {};
  for (const generators::Stage& stage : open->stages) {
    if (into < stage.length) {
      const double part = to_seconds(into) / to_seconds(stage.length);
      return {load.part() *
              (stage.from.per_second + (stage.to.per_second - stage.from.per_second) * part)};
    }
    into -= stage.length;
  }
  return {};
}

Result<Plan> compile(const Scenario& scenario) {
  Plan plan;
  for (const generators::LoadSpec& load : scenario.loads) {
    const Duration to = sum(load.at, load.length());
    plan.loads.push_back({load.name, load.target, load.at, to});
    plan.length = std::max(plan.length, to);
  }
  const auto longest = [&](Duration length) -> Result<void> {
    if (length <= scenario.safety.longest) return {};
    return wrong("the plan lasts " + in_words(length) + ", but safety.longest allows " +
                 in_words(scenario.safety.longest));
  };
  if (auto fits = longest(plan.length); !fits) return std::move(fits).error();
  plan.rows = rows_of(scenario);
  SQUALL_TRY(plan.faults, plan.rows.empty() ? Compiler(scenario, plan.length).faults()
                                            : faults_of_rows(scenario, plan.rows));
  if (auto apart = check_overlaps(scenario, plan.faults); !apart) return std::move(apart).error();
  for (const PlannedFault& fault : plan.faults) {
    plan.length = std::max(plan.length, fault.to.value_or(fault.from));
  }
  if (auto fits = longest(plan.length); !fits) return std::move(fits).error();
  plan.phases = phases_between(plan.faults, plan.length);
  if (!plan.rows.empty()) return plan;  // When its faults come is the search's business.
  if (auto come = check_phases(scenario, plan); !come) return std::move(come).error();
  return plan;
}

}  // namespace squall::scenarios
