#include "harness/coordinator/capacity_seconds.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "reports/judge/trust.h"

namespace squall::coordinator {
namespace {

/// How long after it was due a request may still turn out to be good.
Duration longest_fate(const scenarios::ObjectiveSpec& objective,
                      const scenarios::Scenario& scenario) {
  if (objective.within) return *objective.within;
  if (objective.windows) return objective.windows->limit.limit;
  if (objective.limit) return objective.limit->limit;
  const auto* load = scenario.find_load(objective.load);
  const auto* target = load == nullptr ? nullptr : scenario.find_target(load->target);
  return target == nullptr ? Duration(std::chrono::seconds(1)) : target->timeout;
}

double allowed_by(const scenarios::ObjectiveSpec& objective) {
  // Of a windowed objective its requests are tested, not its windows: these would take too long.
  if (objective.windows) return 1 - objective.windows->limit.share();
  if (objective.limit) return 1 - objective.limit->share();
  return 1 - objective.goal.value;
}

std::int64_t whole_seconds(Duration length) {
  return std::chrono::ceil<std::chrono::seconds>(length).count();
}

}  // namespace

reports::CapacityOptions options_of(const scenarios::Scenario& scenario) {
  const scenarios::CapacitySpec& capacity = *scenario.capacity;
  reports::CapacityOptions options;
  options.start = capacity.start;
  options.low = capacity.low;
  options.high = capacity.high;
  options.precision = capacity.precision.value;
  options.confidence = capacity.confidence.value;
  options.hold = whole_seconds(capacity.hold);
  for (const auto& objective : scenario.objectives) {
    if (!scenarios::is_searched(objective, capacity)) continue;
    options.goals.push_back({objective.name, allowed_by(objective)});
  }
  return options;
}

CapacitySeconds::CapacitySeconds(const scenarios::Scenario& scenario)
    : capacity_(*scenario.capacity) {
  for (const auto& objective : scenario.objectives) {
    if (!scenarios::is_searched(objective, capacity_)) continue;
    indicators_.emplace_back(objective, scenario);
    lag_ = std::max(lag_, whole_seconds(longest_fate(objective, scenario)));
  }
}

std::int64_t CapacitySeconds::last_known(const reports::RunRecord& record) const {
  if (record.ledger.health().empty()) return -1;
  // Of the agents that told of a second, the last to tell counts.
  std::int64_t told = std::numeric_limits<std::int64_t>::max();
  for (const auto& [agent, seconds] : record.ledger.health()) {
    told = std::min(told, seconds.empty() ? -1 : seconds.rbegin()->first);
  }
  return told - lag_;
}

reports::CapacitySecond CapacitySeconds::read(const reports::RunRecord& record, std::int64_t second,
                                              std::uint64_t step) const {
  const reports::SecondCell cell = record.ledger.sum(capacity_.search, second, second + 1);
  reports::CapacitySecond result;
  result.second = second;
  result.step = step;
  result.sent = static_cast<double>(cell.sent);
  result.ok = static_cast<double>(cell.ok);
  result.response = cell.of(reports::Metric::kResponse);
  result.service = cell.of(reports::Metric::kService).mean();
  for (const reports::Indicator& indicator : indicators_) {
    const reports::Tally tally = indicator.all_due(cell);
    result.goals.push_back({static_cast<double>(tally.samples), static_cast<double>(tally.bad)});
  }
  result.is_generator_late = reports::bottleneck_in(record, second).has_value();
  return result;
}

}  // namespace squall::coordinator
