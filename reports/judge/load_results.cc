#include "reports/judge/load_results.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "reports/judge/missing.h"
#include "reports/judge/objectives.h"

namespace squall::reports {
namespace {

constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kAfterAll = std::numeric_limits<std::int64_t>::max();

std::string_view to_string(generators::Protocol protocol) {
  switch (protocol) {
    case generators::Protocol::kH1:
      return "h1";
    case generators::Protocol::kH2:
      return "h2";
    case generators::Protocol::kH2c:
      return "h2c";
    case generators::Protocol::kH3:
      return "h3";
    case generators::Protocol::kAuto:
      return "auto";
  }
  return "auto";
}

/// When the load was to be offered, cut where the run ended before.
LoadFigures planned_span(const generators::LoadSpec& load, const RunRecord& record) {
  LoadFigures span;
  span.from = load.at;
  span.to = load.at;
  for (const auto& planned : record.plan.loads) {
    if (planned.name != load.name) continue;
    span.from = planned.from;
    span.to = planned.to;
  }
  if (record.early_end) span.to = std::clamp(record.early_end->at, span.from, span.to);
  return span;
}

Rate per_second(std::uint64_t count, Duration length) {
  return {length > Duration{} ? static_cast<double>(count) / to_seconds(length) : 0.0};
}

SecondPoint second_point(std::int64_t second, const generators::LoadSpec& load,
                         const RunRecord& record) {
  const SecondCell cell = record.ledger.sum(load.name, second, second + 1);
  const Histogram& response = cell.of(Metric::kResponse);
  SecondPoint point;
  point.second = second;
  point.due = cell.due;
  point.quic = cell.quic;
  point.sent = cell.sent;
  point.completed = cell.completed;
  point.errors = cell.all_errors();
  point.unsent = cell.unsent;
  point.not_ok = cell.due - std::min(cell.due, cell.ok_by_due);
  point.errors_by_class = cell.errors;
  // In the middle of the second a straight line has its mean over the second.
  point.due_rate =
      scenarios::Plan::rate_at(load, std::chrono::seconds(second) + std::chrono::milliseconds(500))
          .per_second;
  point.p50 = response.at_percentile(50);
  point.p90 = response.at_percentile(90);
  point.p99 = response.at_percentile(99);
  point.p999 = response.at_percentile(99.9);
  point.max = response.max();
  point.response = SparseHistogram(response);
  return point;
}

/// When the last answer of this load came, not before the end of its schedule. No request was due
/// after that end, and none took longer than the slowest of its second.
Duration moment_of_last_answer(const LoadResult& load) {
  Duration latest = load.whole.to;
  std::int64_t last = 0;
  for (const SecondPoint& point : load.series) {
    if (point.completed > 0) last = point.second;
    const Duration due_by =
        std::min<Duration>(std::chrono::seconds(point.second + 1), load.whole.to);
    latest = std::max(latest, due_by + point.max);
  }
  latest = std::clamp<Duration>(latest, std::chrono::seconds(last), std::chrono::seconds(last + 1));
  return std::max(latest, load.whole.to);
}

/// When the last request of this load was sent, not before the end of its schedule. Something was
/// late for sure when it was sent in a second that began after that end.
Duration moment_of_last_sent(const LoadResult& load, Duration last_answer) {
  for (auto point = load.series.rbegin(); point != load.series.rend(); ++point) {
    if (point->second < second_from(load.whole.to)) break;
    if (point->sent == 0) continue;
    return std::min<Duration>(std::chrono::seconds(point->second + 1), last_answer);
  }
  return load.whole.to;
}

}  // namespace

LoadResult load_result(const generators::LoadSpec& load, const RunRecord& record,
                       const std::vector<scenarios::Phase>& phases) {
  LoadResult result;
  result.name = load.name;
  result.target = load.target;
  if (const auto* const target = record.scenario.find_target(load.target)) {
    result.protocol = to_string(target->protocol);
  }
  result.open = load.is_open();
  result.whole = planned_span(load, record);
  result.whole.totals = record.ledger.total(load.name);

  const MissingFigures missing = missing_of(load, record);
  result.missing = missing.due;
  result.missing_share = missing.share;

  const SecondCell& totals = result.whole.totals;
  const std::int64_t first = record.ledger.first_second(load.name);
  const std::int64_t end = record.ledger.end_second(load.name);

  for (const scenarios::Phase& phase : phases) {
    PhaseResult part;
    part.name = phase.name;
    part.figures.from = phase.from;
    part.figures.to = phase.to;
    const bool is_first = &phase == &phases.front();
    const bool is_last = &phase == &phases.back();
    part.figures.totals =
        record.ledger.sum(load.name, is_first ? kBeforeAll : second_of(phase.from),
                          is_last ? kAfterAll : second_of(phase.to));
    result.phases.push_back(std::move(part));
  }

  const std::int64_t from =
      first == end ? second_of(result.whole.from) : std::min(first, second_of(result.whole.from));
  const std::int64_t to = std::max(end, second_from(result.whole.to));
  for (std::int64_t second = from; second < to; ++second) {
    result.series.push_back(second_point(second, load, record));
  }
  // A goodbye on a connection is nothing to draw a second for.
  const auto is_silent = [](const SecondPoint& point) {
    return point.due + point.sent + point.completed + point.unsent == 0;
  };
  while (!result.series.empty() && result.series.back().second >= second_from(result.whole.to) &&
         is_silent(result.series.back())) {
    result.series.pop_back();
  }

  const Duration last_answer = moment_of_last_answer(result);
  result.due_rate = per_second(totals.due, result.whole.to - result.whole.from);
  result.sent_rate =
      per_second(totals.sent, moment_of_last_sent(result, last_answer) - result.whole.from);
  result.completed_rate = per_second(totals.completed, last_answer - result.whole.from);
  return result;
}

std::vector<scenarios::Phase> actual_phases(const RunRecord& record) {
  Duration length = record.plan.length;
  if (record.early_end) length = std::clamp(record.early_end->at, Duration{}, length);
  std::vector<scenarios::PlannedFault> faults;
  for (const FaultRecord& fault : record.faults) {
    if (!fault.from) continue;
    scenarios::PlannedFault actual;
    actual.name = fault.name;
    actual.label = fault.label;
    actual.from = on_the_second(*fault.from);
    // What had no length in the plan has none now.
    const bool is_moment = fault.state == FaultRecord::State::kDone || fault.to == fault.from;
    if (!is_moment) actual.to = on_the_second(fault.to.value_or(length));
    faults.push_back(std::move(actual));
  }
  std::stable_sort(faults.begin(), faults.end(),
                   [](const auto& a, const auto& b) { return a.from < b.from; });
  return scenarios::phases_between(faults, length);
}

}  // namespace squall::reports
