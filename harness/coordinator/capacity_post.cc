#include "harness/coordinator/capacity_post.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include <fmt/format.h>

#include "reports/judge/trust.h"
#include "reports/judge/words.h"

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;
using State = reports::FaultRecord::State;

/// So long an order takes to reach all agents at most.
constexpr Duration kOnItsWay = 300ms;

/// How long after it was due a request may still turn out to be good.
Duration longest_fate(const scenarios::ObjectiveSpec& objective,
                      const scenarios::Scenario& scenario) {
  if (objective.within) return *objective.within;
  if (objective.windows) return objective.windows->limit.limit;
  if (objective.limit) return objective.limit->limit;
  const auto* load = scenario.find_load(objective.load);
  const auto* target = load == nullptr ? nullptr : scenario.find_target(load->target);
  return target == nullptr ? Duration(1s) : target->timeout;
}

double allowed_by(const scenarios::ObjectiveSpec& objective) {
  // Of a windowed objective its requests are tested, not its windows: these would take too long.
  if (objective.windows) return 1 - objective.windows->limit.share();
  if (objective.limit) return 1 - objective.limit->share();
  return 1 - objective.goal.value;
}

std::int64_t whole_second_after(Duration offset) {
  return std::chrono::ceil<std::chrono::seconds>(offset).count();
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
  options.hold = whole_second_after(capacity.hold);
  for (const auto& objective : scenario.objectives) {
    if (!scenarios::is_searched(objective, capacity)) continue;
    options.goals.push_back({objective.name, allowed_by(objective)});
  }
  return options;
}

CapacityPost::CapacityPost(const scenarios::Scenario& scenario)
    : scenario_(scenario), capacity_(*scenario.capacity), search_(options_of(scenario)) {
  for (const auto& objective : scenario.objectives) {
    if (!scenarios::is_searched(objective, capacity_)) continue;
    indicators_.emplace_back(objective, scenario);
    lag_ = std::max(lag_, whole_second_after(longest_fate(objective, scenario)));
  }
}

bool CapacityPost::faults_are_in_force(const reports::RunRecord& record) {
  bool all = true;
  for (const std::string& name : capacity_.faults) {
    for (const reports::FaultRecord& fault : record.faults) {
      if (fault.name != name) continue;
      if (fault.state == State::kInForce || fault.state == State::kDone) continue;
      all = false;
      if (fault.state == State::kPlanned) continue;
      const bool was_in_force = fault.state == State::kUndone;
      search_.cut(fmt::format("fault {} {}", fault.label,
                              was_in_force ? "ended, which has to last for the whole search"
                                           : "could not be put in force"));
    }
  }
  return all;
}

std::uint64_t CapacityPost::step_in(std::int64_t second) const {
  std::uint64_t step = std::numeric_limits<std::uint64_t>::max();  // None of the search's.
  for (const Change& change : changes_) {
    if (change.second <= second) step = change.step;
  }
  return step;
}

reports::CapacitySecond CapacityPost::second_of(const reports::RunRecord& record,
                                                std::int64_t second) const {
  const reports::SecondCell cell = record.ledger.sum(capacity_.search, second, second + 1);
  reports::CapacitySecond result;
  result.second = second;
  result.step = step_in(second);
  result.sent = static_cast<double>(cell.sent);
  result.ok = static_cast<double>(cell.ok);
  result.response = cell.of(reports::Metric::kResponse);
  for (const reports::Indicator& indicator : indicators_) {
    const reports::Tally tally = indicator.all_due(cell);
    result.goals.push_back({static_cast<double>(tally.samples), static_cast<double>(tally.bad)});
  }
  result.is_generator_late = reports::bottleneck_in(record, second).has_value();
  return result;
}

std::optional<CapacityPost::Order> CapacityPost::look(const reports::RunRecord& record,
                                                      Duration elapsed) {
  if (is_done() || elapsed < Duration::zero()) return std::nullopt;
  const bool in_force = faults_are_in_force(record);
  if (elapsed > capacity_.deadline - std::chrono::seconds(lag_ + 1)) {
    search_.cut(fmt::format("its deadline of {} had come", reports::as_chosen(capacity_.deadline)));
  }
  if (is_done()) return std::nullopt;
  const generators::LoadSpec* load = scenario_.find_load(capacity_.search);
  has_begun_ = has_begun_ || (in_force && elapsed > load->at + 1s);
  if (!has_begun_) return std::nullopt;
  // Of the agents that told of a second, the last to tell counts.
  std::int64_t told = std::numeric_limits<std::int64_t>::max();
  for (const auto& [agent, seconds] : record.ledger.health()) {
    told = std::min(told, seconds.empty() ? -1 : seconds.rbegin()->first);
  }
  if (record.ledger.health().empty()) told = -1;
  while (next_second_ + lag_ <= told && !is_done()) {
    search_.take(second_of(record, next_second_));
    ++next_second_;
  }
  if (is_done() || (!changes_.empty() && changes_.back().step == search_.step())) {
    return std::nullopt;
  }
  const std::int64_t second = whole_second_after(elapsed + kOnItsWay);
  changes_.push_back({second, search_.step(), search_.rate()});
  const Duration at = std::chrono::seconds(second);
  return Order{at, {search_.rate(), search_.rate(), load->at + capacity_.deadline - at}};
}

reports::CapacityRecord CapacityPost::record() const {
  reports::CapacityRecord record = search_.record();
  record.load = capacity_.search;
  record.faults = capacity_.faults;
  return record;
}

std::vector<generators::Stage> CapacityPost::stages_until(Duration end) const {
  const Duration begin = scenario_.find_load(capacity_.search)->at;
  std::vector<generators::Stage> stages;
  Duration from = begin;
  Rate rate = capacity_.low;
  const auto close = [&](Duration to) {
    to = std::min(to, end);
    if (to > from) stages.push_back({rate, rate, to - from});
    from = std::max(from, to);
  };
  for (const Change& change : changes_) {
    close(std::chrono::seconds(change.second));
    rate = change.rate;
  }
  close(end);
  if (stages.empty()) stages.push_back({rate, rate, Duration::zero()});
  return stages;
}

std::string CapacityPost::doing() const {
  if (!has_begun_) return "capacity: waiting for faults";
  return fmt::format("capacity: {} {}", search_.is_recovering() ? "recovering at" : "probing",
                     reports::rate_in_words(search_.rate()));
}

}  // namespace squall::coordinator
