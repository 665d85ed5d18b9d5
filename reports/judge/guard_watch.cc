#include "reports/judge/guard_watch.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "reports/judge/words.h"
#include "scenarios/plan/phrases.h"

namespace squall::reports {
namespace {

using scenarios::GuardCondition;
using FigureKind = GuardCondition::Figure;

bool is_beyond(double value, GuardCondition::Compare compare, double limit) {
  switch (compare) {
    case GuardCondition::Compare::kLess:
      return value < limit;
    case GuardCondition::Compare::kLessOrEqual:
      return value <= limit;
    case GuardCondition::Compare::kGreaterOrEqual:
      return value >= limit;
    case GuardCondition::Compare::kGreater:
      return value > limit;
  }
  return false;
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

/// Bad ones as a multiple of what the goal allows of so many samples.
double multiple(const Tally& tally, double samples, double goal) {
  if (tally.bad == 0) return 0;
  // To a millionth, so that binary fractions move no limit.
  const double allowed = std::round((1 - goal) * samples * 1e6) / 1e6;
  return allowed > 0 ? static_cast<double>(tally.bad) / allowed
                     : std::numeric_limits<double>::infinity();
}

/// A window with these requests, as a sample.
Tally of_window(const Tally& requests, const scenarios::ObjectiveSpec& objective) {
  return {.samples = 1, .bad = is_bad_window(requests, objective.windows->limit) ? 1U : 0U};
}

/// How many requests the plan of an open load has due, in all.
double planned_requests(const generators::OpenSpec& open) {
  double sum = 0;
  for (const generators::Stage& stage : open.stages) {
    sum += (stage.from.per_second + stage.to.per_second) / 2 * to_seconds(stage.length);
  }
  return sum;
}

std::optional<double> planned_samples(const scenarios::ObjectiveSpec& objective,
                                      const scenarios::Scenario& scenario) {
  const auto* const load = scenario.find_load(objective.load);
  if (load == nullptr || objective.during || objective.after) return std::nullopt;
  if (objective.windows) {
    return std::ceil(to_seconds(load->length()) / to_seconds(objective.windows->of));
  }
  const auto* const open = std::get_if<generators::OpenSpec>(&load->schedule);
  if (open == nullptr || objective.request) return std::nullopt;
  return planned_requests(*open);
}

/// The plan as if it had been carried out to the letter.
RunRecord as_planned(const scenarios::Plan& plan) {
  RunRecord record;
  record.duration = plan.length;
  record.plan.length = plan.length;
  for (const scenarios::PlannedFault& planned : plan.faults) {
    FaultRecord& fault = record.faults.emplace_back();
    fault.name = planned.name;
    fault.label = planned.label;
    fault.from = planned.from;
    fault.to = planned.to.value_or(planned.from);
  }
  return record;
}

}  // namespace

GuardWatch::GuardWatch(const scenarios::Scenario& scenario, const scenarios::Plan& plan)
    : scenario_(scenario), plan_(plan) {
  for (const scenarios::GuardSpec& guard : scenario.guards) guards_.push_back({.spec = &guard});
  for (const scenarios::ObjectiveSpec& objective : scenario.objectives) add_objective(objective);
}

void GuardWatch::add_objective(const scenarios::ObjectiveSpec& spec) {
  objectives_.push_back({.spec = &spec,
                         .indicator = Indicator(spec, scenario_),
                         .stretches = stretches_of(spec, as_planned(plan_)),
                         .planned = planned_samples(spec, scenario_),
                         .by_second = {}});
}

void GuardWatch::take(const Snapshot& snapshot) {
  const std::int64_t told = std::max(snapshot.second, next_second_);
  for (const LoadSecond& part : snapshot.cells) {
    LoadSeconds& seconds = loads_[part.load];
    LoadSecondNow& happened = seconds[std::max(part.second, next_second_)];
    happened.due += part.cell.due;
    happened.sent += part.cell.sent;
    happened.completed += part.cell.completed;
    happened.errors += part.cell.all_errors();
    happened.gone += part.cell.unsent + part.cell.shed;
    // Kept by the second in which it was due, a latency is told of when it is over.
    if (looks_at_latency_of(part.load)) {
      seconds[told].response.merge(part.cell.of(Metric::kResponse));
    }
    for (Objective& objective : objectives_) {
      const auto looks_at = [&](const Seconds& stretch) { return stretch.holds(part.second); };
      if (objective.spec->load != part.load ||
          std::none_of(objective.stretches.begin(), objective.stretches.end(), looks_at)) {
        continue;
      }
      objective.by_second[told] += objective.indicator.settled(part.cell);
    }
  }
}

std::vector<GuardTrip> GuardWatch::judge(std::int64_t second, const OutsideSignals& outside) {
  std::vector<GuardTrip> trips;
  settle(second);
  for (Watched& guard : guards_) {
    const auto figure = holds(*guard.spec, second, outside);
    guard.held = figure ? guard.held + 1 : 0;
    guard.samples = figure ? guard.samples + figure->samples : 0;
    const std::int64_t needed = std::max<std::int64_t>(second_from(guard.spec->lasting), 1);
    const bool is_enough = guard.samples >= guard.spec->min_samples.value_or(0);
    if (guard.has_tripped || guard.held < needed || !is_enough) continue;
    guard.has_tripped = true;
    GuardTrip trip;
    trip.guard = guard.spec->name;
    trip.at = std::chrono::seconds(second + 1);
    trip.since = std::chrono::seconds(second + 1 - guard.held);
    trip.sentence =
        fmt::format("{}: {}", scenarios::what_is_guarded(*guard.spec), figure->in_words);
    trips.push_back(std::move(trip));
  }
  forget(second);
  return trips;
}

std::optional<GuardWatch::Figure> GuardWatch::holds(const scenarios::GuardSpec& guard,
                                                    std::int64_t second,
                                                    const OutsideSignals& outside) const {
  if (!guard.when) {
    const auto alarm = outside.alarms.find(guard.name);
    if (alarm == outside.alarms.end()) return std::nullopt;
    return Figure{.value = 1, .samples = 0, .in_words = alarm->second};
  }
  const GuardCondition& when = *guard.when;
  switch (when.figure) {
    case FigureKind::kAgentLost:
      if (outside.lost_agents.empty()) return std::nullopt;
      return Figure{.value = 1,
                    .samples = 0,
                    .in_words = fmt::format("{} lost", fmt::join(outside.lost_agents, ", "))};
    case FigureKind::kAbsent:
      return silence(when.of, second);
    default:
      break;
  }
  const bool is_of_objective =
      when.figure == FigureKind::kBurnRate || when.figure == FigureKind::kBudgetSpent;
  auto figure = is_of_objective ? objective_figure(when) : load_figure(when, second);
  if (!figure) return std::nullopt;
  double limit = when.limit;
  if (when.limit_is_of_due) {
    const auto due = static_cast<double>(load_second(when.of, second).due);
    figure->in_words += fmt::format(" of {}/s due", due);
    limit *= due;
  }
  return is_beyond(figure->value, when.compare, limit) ? figure : std::nullopt;
}

std::optional<GuardWatch::Figure> GuardWatch::load_figure(const GuardCondition& when,
                                                          std::int64_t second) const {
  const LoadSecondNow& now = load_second(when.of, second);
  const auto rate = [&](std::uint64_t count) -> std::optional<Figure> {
    if (!is_offered(when.of, second)) return std::nullopt;
    return Figure{.value = static_cast<double>(count),
                  .samples = now.completed,
                  .in_words = fmt::format("{} was {}/s", when.figure_name, thousands(count))};
  };
  switch (when.figure) {
    case FigureKind::kDueRate:
      return rate(now.due);
    case FigureKind::kSentRate:
      return rate(now.sent);
    case FigureKind::kCompletedRate:
      return rate(now.completed);
    case FigureKind::kErrorShare: {
      if (now.completed == 0) return std::nullopt;
      const double errors = share(now.errors, now.completed);
      return Figure{.value = errors,
                    .samples = now.completed,
                    .in_words = fmt::format("{} of {} in the last second", percent(errors),
                                            counted(now.completed, "request"))};
    }
    default: {
      if (now.response.empty()) return std::nullopt;
      const Duration latency = now.response.at_percentile(when.percentile);
      return Figure{.value = to_seconds(latency),
                    .samples = now.response.count(),
                    .in_words = fmt::format("{} was {} in the last second", when.figure_name,
                                            in_three_digits(latency))};
    }
  }
}

std::optional<GuardWatch::Figure> GuardWatch::objective_figure(const GuardCondition& when) const {
  const auto found = so_far_.find(when.of);
  if (found == so_far_.end() || found->second.last.samples == 0) return std::nullopt;
  const SoFar& now = found->second;
  const bool is_burn = when.figure == FigureKind::kBurnRate;
  const double value = is_burn ? now.burn_rate : now.budget_share;
  return Figure{.value = value,
                .samples = now.last.samples,
                .in_words = is_burn ? fmt::format("burn rate was {:.1f} in the last second", value)
                                    : fmt::format("{} of the budget was spent", percent_up(value))};
}

std::optional<GuardWatch::Figure> GuardWatch::silence(const std::string& load,
                                                      std::int64_t second) const {
  const LoadSecondNow& now = load_second(load, second);
  const auto before = under_way_.find(load);
  const std::int64_t waiting = before == under_way_.end() ? 0 : before->second;
  if (now.completed > 0 || (now.due == 0 && waiting <= 0 && !is_offered(load, second))) {
    return std::nullopt;
  }
  return Figure{.value = 1, .samples = 0, .in_words = "no request ended in the last second"};
}

bool GuardWatch::looks_at_latency_of(const std::string& load) const {
  return std::any_of(guards_.begin(), guards_.end(), [&load](const Watched& guard) {
    const auto& when = guard.spec->when;
    return when && when->figure == FigureKind::kPercentile && when->of == load;
  });
}

bool GuardWatch::is_offered(const std::string& load, std::int64_t second) const {
  const Duration from = std::chrono::seconds(second);
  const Duration to = std::chrono::seconds(second + 1);
  for (const scenarios::PlannedLoad& planned : plan_.loads) {
    if (planned.name != load || from < planned.from || to > planned.to) continue;
    const auto* const spec = scenario_.find_load(load);
    return spec == nullptr || !spec->is_open() ||
           scenarios::Plan::rate_at(*spec, from + (to - from) / 2).per_second >= 1;
  }
  return false;
}

const GuardWatch::LoadSecondNow& GuardWatch::load_second(const std::string& load,
                                                         std::int64_t second) const {
  static const LoadSecondNow kNothing;
  const auto seconds = loads_.find(load);
  if (seconds == loads_.end()) return kNothing;
  const auto found = seconds->second.find(second);
  return found == seconds->second.end() ? kNothing : found->second;
}

void GuardWatch::settle(std::int64_t second) {
  for (Objective& objective : objectives_) {
    SoFar& now = so_far_[objective.spec->name];
    now.last = {};
    while (!objective.by_second.empty() && objective.by_second.begin()->first <= second) {
      now.last += objective.by_second.begin()->second;
      objective.by_second.erase(objective.by_second.begin());
    }
    if (objective.spec->windows) {
      objective.window += now.last;
      end_window(second, objective, now.tally);
      if (now.last.samples > 0) now.last = of_window(now.last, *objective.spec);
    } else {
      now.tally += now.last;
    }
    const double goal = objective.spec->goal.value;
    const auto so_far = static_cast<double>(now.tally.samples);
    now.budget_share = multiple(now.tally, objective.planned.value_or(so_far), goal);
    now.burn_rate = multiple(now.last, static_cast<double>(now.last.samples), goal);
    now.answer = answer_of(*objective.spec, now.tally);
  }
}

bool GuardWatch::ends_window(std::int64_t second, const Objective& objective) {
  const auto length = std::max<std::int64_t>(second_of(objective.spec->windows->of), 1);
  return std::any_of(objective.stretches.begin(), objective.stretches.end(), [&](const Seconds& s) {
    if (!s.holds(second)) return false;
    return second + 1 == s.to || (second + 1 - std::max<std::int64_t>(s.from, 0)) % length == 0;
  });
}

void GuardWatch::end_window(std::int64_t second, Objective& objective, Tally& into) {
  if (!ends_window(second, objective)) return;
  if (objective.window.samples > 0) into += of_window(objective.window, *objective.spec);
  objective.window = {};
}

void GuardWatch::forget(std::int64_t second) {
  for (auto& [load, seconds] : loads_) {
    while (!seconds.empty() && seconds.begin()->first <= second) {
      const LoadSecondNow& now = seconds.begin()->second;
      under_way_[load] +=
          static_cast<std::int64_t>(now.due) - static_cast<std::int64_t>(now.completed + now.gone);
      seconds.erase(seconds.begin());
    }
  }
  next_second_ = std::max(next_second_, second + 1);
}

}  // namespace squall::reports
