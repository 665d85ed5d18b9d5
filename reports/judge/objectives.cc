#include "reports/judge/objectives.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "reports/judge/burn_rate.h"
#include "reports/judge/load_results.h"
#include "reports/judge/objective_words.h"

namespace squall::reports {
namespace {

using scenarios::ObjectiveSpec;

/// The applications of one fault that were in force at all, by their begin.
std::vector<const FaultRecord*> applications_of(const std::string& name, const RunRecord& record) {
  std::vector<const FaultRecord*> found;
  for (const FaultRecord& fault : record.faults) {
    if (fault.name == name && fault.from) found.push_back(&fault);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto* a, const auto* b) { return *a->from < *b->from; });
  return found;
}

/// Adds `next`, which does not begin before those that are there, without an overlap.
void append(std::vector<Seconds>& stretches, Seconds next) {
  if (!stretches.empty()) next.from = std::max(next.from, stretches.back().to);
  if (!next.empty()) stretches.push_back(next);
}

std::vector<Seconds> during(const std::string& name, const RunRecord& record) {
  std::vector<Seconds> stretches;
  for (const FaultRecord* fault : applications_of(name, record)) {
    append(stretches, *seconds_in_force(*fault, record));
  }
  return stretches;
}

/// The phases of this name, as the report has them.
std::vector<Seconds> phases_named(const std::string& name, const RunRecord& record) {
  std::vector<Seconds> stretches;
  const std::vector<scenarios::Phase> phases = actual_phases(record);
  for (const scenarios::Phase& phase : phases) {
    if (!scenarios::is_phase(name, phase.name)) continue;
    // What drains after the last phase is counted in it.
    const bool is_last = &phase == &phases.back();
    append(stretches,
           {.from = second_of(phase.from), .to = is_last ? Seconds{}.to : second_of(phase.to)});
  }
  return stretches;
}

std::vector<Seconds> after(const std::string& name, Duration by, const RunRecord& record) {
  std::vector<Seconds> stretches;
  const auto applications = applications_of(name, record);
  for (std::size_t i = 0; i < applications.size(); ++i) {
    if (!applications[i]->to) continue;  // It never ended.
    const auto times = actual_times(*applications[i], record);
    Seconds stretch{.from = second_from(on_the_second(times->second) + by)};
    if (i + 1 < applications.size()) {
      stretch.to = second_of(on_the_second(*applications[i + 1]->from));
    }
    append(stretches, stretch);
  }
  return stretches;
}

/// The part of `seconds` in which the ledger knows anything of the load.
Seconds measured(const Seconds& seconds, const std::string& load, const Ledger& ledger) {
  return seconds.overlap({.from = ledger.first_second(load), .to = ledger.end_second(load)});
}

/// Calls `each(window, tally)` for the windows of one stretch in which something fell due.
void for_each_window(const ObjectiveSpec& objective, const RunRecord& record,
                     const Seconds& stretch,
                     const std::function<void(const Seconds&, const Tally&)>& each) {
  const Indicator indicator(objective, record.scenario);
  const Seconds known = measured(stretch, objective.load, record.ledger);
  const auto length = std::max<std::int64_t>(second_of(objective.windows->of), 1);
  for (std::int64_t from = known.from; from < known.to; from += length) {
    const Seconds window{.from = from, .to = std::min(from + length, known.to)};
    const Tally tally =
        indicator.all_due(record.ledger.sum(objective.load, window.from, window.to));
    if (tally.samples > 0) each(window, tally);
  }
}

Tally tally_of(const ObjectiveSpec& objective, const RunRecord& record,
               const std::vector<Seconds>& stretches) {
  Tally sum;
  const Indicator indicator(objective, record.scenario);
  for (const Seconds& stretch : stretches) {
    if (!objective.windows) {
      sum += indicator.all_due(record.ledger.sum(objective.load, stretch.from, stretch.to));
      continue;
    }
    for_each_window(objective, record, stretch, [&](const Seconds&, const Tally& tally) {
      sum += {.samples = 1, .bad = is_bad_window(tally, objective.windows->limit) ? 1U : 0U};
    });
  }
  return sum;
}

/// The percentile of a limit over all that fell due: none when it lies among those that never
/// ended.
LimitResult judge_limit(const ObjectiveSpec& objective, const RunRecord& record,
                        const std::vector<Seconds>& stretches, std::uint64_t samples) {
  LimitResult result{
      .figure = objective.limit->figure, .limit = objective.limit->limit, .measured = {}};
  const bool is_of_group = Indicator(objective, record.scenario).is_of_group();
  Histogram response;
  for (const Seconds& stretch : stretches) {
    SecondCell cell = record.ledger.sum(objective.load, stretch.from, stretch.to);
    response.merge(is_of_group ? cell.requests[*objective.request].response
                               : cell.of(Metric::kResponse));
  }
  if (response.empty()) return result;
  const double percent = objective.limit->percentile * static_cast<double>(samples) /
                         static_cast<double>(response.count());
  if (percent <= 100) result.measured = response.at_percentile(percent);
  return result;
}

/// How long the load was offered in these seconds.
double length_of(const std::vector<Seconds>& stretches, const std::string& load,
                 const RunRecord& record) {
  double length = 0;
  for (const scenarios::PlannedLoad& planned : record.plan.loads) {
    if (planned.name != load) continue;
    Duration end = planned.to;
    if (record.early_end) end = std::clamp(record.early_end->at, planned.from, end);
    for (const Seconds& stretch : stretches) {
      const double from = std::max(to_seconds(planned.from), static_cast<double>(stretch.from));
      const double to = std::min(to_seconds(end), static_cast<double>(stretch.to));
      length += std::max(to - from, 0.0);
    }
  }
  return length;
}

/// When no request of the load could be answered any more: at the end of what was measured, or of
/// its schedule.
Duration end_of(const std::string& load, const RunRecord& record) {
  Duration end = std::chrono::seconds(record.ledger.end_second(load));
  for (const scenarios::PlannedLoad& planned : record.plan.loads) {
    if (planned.name == load && !record.early_end) end = std::max(end, planned.to);
  }
  return end;
}

/// To the hundredth of a second after: as fine as anybody looks at alerts, and few enough.
Duration in_hundredths(Duration after) {
  return std::chrono::ceil<std::chrono::duration<std::int64_t, std::centi>>(after);
}

/// Dates the bad ones of a second by when they were known.
void date(const Indicator::KnownAfter& known, std::int64_t second, Duration end,
          ErrorSeries& series) {
  constexpr Duration kSecond = std::chrono::seconds(1);
  for (const auto& [after, times] : known.ended) {
    series.became_known(std::chrono::seconds(second) + in_hundredths(after), kSecond,
                        static_cast<double>(times));
  }
  series.became_known(std::max<Duration>(end, std::chrono::seconds(second + 1)), kSecond,
                      static_cast<double>(known.at_the_end));
}

PeriodBudget budget_for(const ObjectiveSpec& objective, double length,
                        const ObjectiveResult& result) {
  PeriodBudget budget;
  budget.period = *objective.period;
  budget.is_rate_stated = objective.rate.has_value();
  if (length <= 0) return budget;
  budget.rate =
      objective.rate ? objective.rate->per_second : static_cast<double>(result.samples) / length;
  budget.samples = budget.rate * to_seconds(budget.period);
  budget.allowed = allowed_of(budget.samples, result.goal);
  if (result.bad == 0) return budget;
  const auto bad = static_cast<double>(result.bad);
  budget.share =
      budget.allowed > 0 ? bad / budget.allowed : std::numeric_limits<double>::infinity();
  if (result.budget_share > 0) {
    // The share of bad ones is as in the run: at another rate the budget is as much larger.
    budget.lasts = from_seconds(to_seconds(budget.period) / result.budget_share);
  }
  return budget;
}

}  // namespace

std::int64_t second_of(Duration offset) {
  return std::chrono::floor<std::chrono::seconds>(offset).count();
}

std::int64_t second_from(Duration offset) {
  return std::chrono::ceil<std::chrono::seconds>(offset).count();
}

Duration on_the_second(Duration moment) {
  constexpr Duration kNear = std::chrono::milliseconds(50);
  const Duration whole = std::chrono::round<std::chrono::seconds>(moment);
  return std::chrono::abs(moment - whole) <= kNear ? whole : moment;
}

Seconds Seconds::overlap(const Seconds& other) const {
  return {.from = std::max(from, other.from), .to = std::min(to, other.to)};
}

std::optional<std::pair<Duration, Duration>> actual_times(const FaultRecord& fault,
                                                          const RunRecord& record) {
  if (!fault.from) return std::nullopt;
  return std::pair(*fault.from, std::max(*fault.from, fault.to.value_or(record.duration)));
}

std::optional<Seconds> seconds_in_force(const FaultRecord& fault, const RunRecord& record) {
  const auto times = actual_times(fault, record);
  if (!times) return std::nullopt;
  const std::int64_t from = second_of(on_the_second(times->first));
  return Seconds{.from = from, .to = std::max(second_from(on_the_second(times->second)), from + 1)};
}

double allowed_of(double samples, double goal) {
  const double allowed = std::round((1 - goal) * samples * 1e6) / 1e6;
  // Of many samples what binary fractions take away is more than that: it grows with them.
  constexpr double kLeastDigit = 4e-16;
  const double whole = std::round(allowed);
  return std::abs(allowed - whole) <= samples * kLeastDigit + allowed * 1e-13 ? whole : allowed;
}

std::uint64_t least_samples(const ObjectiveSpec& objective) {
  if (objective.min_samples) return *objective.min_samples;
  if (!objective.limit || objective.limit->percentile >= 100) return 1;
  return static_cast<std::uint64_t>(std::ceil(1 / (1 - objective.limit->share()) - 1e-6));
}

ObjectiveResult::Answer answer_of(const ObjectiveSpec& objective, const Tally& tally) {
  using Answer = ObjectiveResult::Answer;
  if (tally.samples == 0) return Answer::kNoSamples;
  if (tally.samples < least_samples(objective)) return Answer::kTooFew;
  const double allowed = allowed_of(static_cast<double>(tally.samples), objective.goal.value);
  return static_cast<double>(tally.bad) <= allowed ? Answer::kMet : Answer::kMissed;
}

std::vector<Seconds> stretches_of(const ObjectiveSpec& objective, const RunRecord& record) {
  if (objective.during && scenarios::phase_of(*objective.during)) {
    return phases_named(*objective.during, record);
  }
  if (objective.during) return during(*objective.during, record);
  if (!objective.after) return {Seconds{}};
  return after(*objective.after, objective.by.value_or(Duration{}), record);
}

ObjectiveResult judge_objective(const ObjectiveSpec& objective, const RunRecord& record) {
  return judge_objective_over(stretches_of(objective, record), objective, record);
}

ObjectiveResult judge_objective_over(const std::vector<Seconds>& stretches,
                                     const ObjectiveSpec& objective, const RunRecord& record) {
  ObjectiveResult result;
  result.name = objective.name;
  result.load = objective.load;
  result.goal = objective.goal.value;
  result.unit = objective.windows ? "window" : "request";
  result.text = objective_text(objective);

  const Tally tally = tally_of(objective, record, stretches);
  result.samples = tally.samples;
  result.bad = tally.bad;
  result.budget_allowed = allowed_of(static_cast<double>(result.samples), result.goal);
  if (result.bad > 0) {
    result.budget_share = result.budget_allowed > 0
                              ? static_cast<double>(result.bad) / result.budget_allowed
                              : std::numeric_limits<double>::infinity();
  }
  if (objective.limit) result.limit = judge_limit(objective, record, stretches, result.samples);
  if (objective.period) {
    result.period = budget_for(objective, length_of(stretches, objective.load, record), result);
  }
  if (result.samples > 0) {
    result.measured =
        static_cast<double>(result.samples - result.bad) / static_cast<double>(result.samples);
  }
  result.answer = answer_of(objective, tally);
  result.met = result.answer == ObjectiveResult::Answer::kMet;
  result.sentence =
      objective_sentence(objective, result, least_samples(objective), stretches.empty());
  return result;
}

std::uint64_t bad_in(const ObjectiveSpec& objective, const RunRecord& record,
                     const Seconds& seconds) {
  std::uint64_t bad = 0;
  const Indicator indicator(objective, record.scenario);
  for (const Seconds& stretch : stretches_of(objective, record)) {
    if (objective.windows) {
      for_each_window(objective, record, stretch, [&](const Seconds& window, const Tally& tally) {
        const bool counts = !window.overlap(seconds).empty();
        if (counts && is_bad_window(tally, objective.windows->limit)) ++bad;
      });
      continue;
    }
    const Seconds both = stretch.overlap(seconds);
    bad += indicator.all_due(record.ledger.sum(objective.load, both.from, both.to)).bad;
  }
  return bad;
}

ErrorSeries error_series(const ObjectiveSpec& objective, const RunRecord& record) {
  ErrorSeries series;
  series.from = record.ledger.first_second(objective.load);
  const Duration end = end_of(objective.load, record);
  const auto put = [&series](const Seconds& seconds, double samples, double bad) {
    series.reach(seconds.to - 1);
    const auto length = static_cast<double>(seconds.to - seconds.from);
    for (std::int64_t second = seconds.from; second < seconds.to; ++second) {
      const auto at = static_cast<std::size_t>(second - series.from);
      series.samples.at(at) += samples / length;
      series.bad.at(at) += bad / length;
    }
  };
  const Indicator indicator(objective, record.scenario);
  for (const Seconds& stretch : stretches_of(objective, record)) {
    if (objective.windows) {
      for_each_window(objective, record, stretch, [&](const Seconds& window, const Tally& tally) {
        const double bad = is_bad_window(tally, objective.windows->limit) ? 1 : 0;
        put(window, 1, bad);
        // It is judged when it is over and its last request late enough to be counted.
        series.became_known(
            std::chrono::seconds(window.to) + in_hundredths(objective.windows->limit.limit),
            std::chrono::seconds(window.to - window.from), bad);
      });
      continue;
    }
    const Seconds known = measured(stretch, objective.load, record.ledger);
    for (std::int64_t second = known.from; second < known.to; ++second) {
      const SecondCell cell = record.ledger.sum(objective.load, second, second + 1);
      const Tally tally = indicator.all_due(cell);
      if (tally.samples == 0) continue;  // Draining, where nothing falls due.
      put({.from = second, .to = second + 1}, static_cast<double>(tally.samples),
          static_cast<double>(tally.bad));
      if (tally.bad > 0) date(indicator.known_after(cell), second, end, series);
    }
  }
  return series;
}

}  // namespace squall::reports
