#include "reports/judge/objectives.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "reports/judge/words.h"

namespace squall::reports {
namespace {

using scenarios::GoodSpec;
using scenarios::ObjectiveSpec;

bool is_good(const GoodSpec& good, int status) {
  switch (good.compare) {
    case GoodSpec::Compare::kLess:
      return status < good.status;
    case GoodSpec::Compare::kLessOrEqual:
      return status <= good.status;
    case GoodSpec::Compare::kEqual:
      return status == good.status;
    case GoodSpec::Compare::kNotEqual:
      return status != good.status;
    case GoodSpec::Compare::kGreaterOrEqual:
      return status >= good.status;
    case GoodSpec::Compare::kGreater:
      return status > good.status;
  }
  return false;
}

std::uint64_t count_good(const ObjectiveSpec& objective, const SecondCell& cell) {
  if (objective.within) return cell.ok_response.count_at_or_below(*objective.within);
  std::uint64_t good = 0;
  for (const auto& [status, times] : cell.status_by_due) {
    if (objective.good && is_good(*objective.good, status)) good += times;
  }
  return good;
}

std::uint64_t count_bad(const ObjectiveSpec& objective, const SecondCell& cell) {
  return cell.due - std::min(cell.due, count_good(objective, cell));
}

std::int64_t second_of(Duration offset) {
  return std::chrono::floor<std::chrono::seconds>(offset).count();
}

std::int64_t second_from(Duration offset) {
  return std::chrono::ceil<std::chrono::seconds>(offset).count();
}

/// The seconds that the objective looks at; none when it waits for a fault that never ended.
std::optional<Seconds> seconds_of(const ObjectiveSpec& objective, const RunRecord& record) {
  if (!objective.after) return Seconds{};
  std::optional<Duration> end;  // Of the last application.
  for (const FaultRecord& fault : record.faults) {
    if (fault.name != *objective.after) continue;
    const auto times = actual_times(fault, record);
    if (times && fault.to) end = std::max(end.value_or(times->second), times->second);
  }
  if (!end) return std::nullopt;
  return Seconds{.from = second_from(*end + objective.by.value_or(Duration{}))};
}

/// "within 250 ms, from 10 s after lossy-uplink".
std::string condition_in_words(const ObjectiveSpec& objective) {
  std::string words = objective.within ? "within " + as_chosen(*objective.within)
                                       : "with " + (objective.good ? objective.good->text : "");
  if (objective.after) {
    words += ", from ";
    if (objective.by && *objective.by > Duration{})
      words += as_chosen(*objective.by) + " after ";
    else
      words += "the end of ";
    words += *objective.after;
  }
  return words;
}

std::string allowed_in_words(double allowed) {
  const auto whole = static_cast<std::uint64_t>(allowed);
  const auto tenths = static_cast<int>((allowed - static_cast<double>(whole)) * 10);
  return tenths == 0 ? thousands(whole) : fmt::format("{}.{}", thousands(whole), tenths);
}

}  // namespace

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
  const std::int64_t from = second_of(times->first);
  return Seconds{.from = from, .to = std::max(second_from(times->second), from + 1)};
}

ObjectiveResult judge_objective(const ObjectiveSpec& objective, const RunRecord& record) {
  ObjectiveResult result;
  result.name = objective.name;
  result.load = objective.load;
  result.goal = objective.goal.value;
  const int decimals = percent_decimals(result.goal);
  const std::string condition = condition_in_words(objective);
  result.text = fmt::format("{} of {} {}", percent(result.goal, decimals),
                            objective.within ? "responses" : "requests", condition);

  const auto seconds = seconds_of(objective, record);
  if (!seconds) {
    result.sentence =
        fmt::format("{}: no samples: {} never ended", objective.name, *objective.after);
    return result;
  }
  const SecondCell cell = record.ledger.sum(objective.load, seconds->from, seconds->to);
  result.samples = cell.due;
  result.bad = count_bad(objective, cell);
  // To a millionth of a request, so that 99.9 % of 1000 allows one, whatever binary fractions say.
  result.budget_allowed =
      std::round((1 - result.goal) * static_cast<double>(result.samples) * 1e6) / 1e6;
  if (result.bad > 0) {
    result.budget_share = result.budget_allowed > 0
                              ? static_cast<double>(result.bad) / result.budget_allowed
                              : std::numeric_limits<double>::infinity();
  }
  if (result.samples == 0) {
    result.sentence = fmt::format("{}: no samples: no request fell due", objective.name);
    return result;
  }
  const auto samples = static_cast<double>(result.samples);
  result.measured = static_cast<double>(result.samples - result.bad) / samples;
  if (result.samples < objective.min_samples.value_or(1)) {
    result.sentence =
        fmt::format("{}: too few samples: {}, at least {} wanted", objective.name,
                    counted(result.samples, "request"), thousands(*objective.min_samples));
    return result;
  }
  result.met = static_cast<double>(result.bad) <= result.budget_allowed;
  result.sentence =
      fmt::format("{}: {} {}, goal {}: {} of {} {} bad, {} allowed", objective.name,
                  percent(*result.measured, decimals), condition, percent(result.goal, decimals),
                  thousands(result.bad), counted(result.samples, "request"),
                  result.bad == 1 ? "was" : "were", allowed_in_words(result.budget_allowed));
  return result;
}

std::uint64_t bad_in(const ObjectiveSpec& objective, const RunRecord& record,
                     const Seconds& seconds) {
  const auto looked_at = seconds_of(objective, record);
  if (!looked_at) return 0;
  const Seconds both = looked_at->overlap(seconds);
  return count_bad(objective, record.ledger.sum(objective.load, both.from, both.to));
}

}  // namespace squall::reports
