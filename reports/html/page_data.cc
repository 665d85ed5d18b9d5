#include "reports/html/page_data.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace squall::reports {
namespace {

using Json = nlohmann::ordered_json;

// The heat map's buckets: ten a decade from 10 µs to 1 h, the first also for all below. A reader
// sees a factor of 1.26 as "about the same".
constexpr double kHeatLowestMs = 0.01;
constexpr int kHeatPerDecade = 10;
constexpr int kHeatBuckets = 86;

// Steps of the percentile curve between p and half-way to 100 %.
constexpr int kTicksPerHalfDistance = 10;
constexpr double kHighestPercentile = 99.999;

// Microseconds are all that a histogram knows; more digits would only make the file longer.
double rounded_ms(Duration value) { return std::round(to_milliseconds(value) * 1e3) / 1e3; }

double rounded_s(Duration value) { return std::round(to_seconds(value) * 1e6) / 1e6; }

Json seconds_or_null(const std::optional<Duration>& value) {
  return value ? Json(rounded_s(*value)) : Json(nullptr);
}

std::size_t heat_bucket(Duration value) {
  const double ms = to_milliseconds(value);
  if (ms <= kHeatLowestMs) return 0;
  const double place = std::log10(ms / kHeatLowestMs) * kHeatPerDecade;
  return static_cast<std::size_t>(std::clamp(static_cast<int>(place), 0, kHeatBuckets - 1));
}

Json heat_edges() {
  Json edges = Json::array();
  for (int i = 0; i <= kHeatBuckets; ++i) {
    const double edge = kHeatLowestMs * std::pow(10.0, static_cast<double>(i) / kHeatPerDecade);
    edges.push_back(std::round(edge * 1e4) / 1e4);
  }
  return edges;
}

// [first bucket, counts …] without the empty ends; empty when there is nothing.
Json heat_row(const Histogram& histogram) {
  std::vector<std::uint64_t> counts(kHeatBuckets, 0);
  histogram.for_each([&](Duration lowest, Duration highest, std::uint64_t count) {
    counts[heat_bucket(lowest + (highest - lowest) / 2)] += count;
  });
  const auto is_filled = [](std::uint64_t count) { return count > 0; };
  const auto first = std::find_if(counts.begin(), counts.end(), is_filled);
  if (first == counts.end()) return Json::array();
  const auto last = std::find_if(counts.rbegin(), counts.rend(), is_filled).base();
  Json row = Json::array({first - counts.begin()});
  std::for_each(first, last, [&](std::uint64_t count) { row.push_back(count); });
  return row;
}

// As HdrHistogram's percentile iterator steps: finer and finer towards 100 %, ending where less
// than one value is left, at the largest one. The percentiles that people quote are always there.
Json percentile_curve(const Histogram& histogram) {
  Json curve = Json::array();
  if (histogram.empty()) return curve;
  const auto count = static_cast<double>(histogram.count());
  const double last = 100.0 * (1.0 - 1.0 / count);
  std::vector<double> percents = {50, 75, 90, 95, 99, 99.9, 99.99, kHighestPercentile};
  for (double percent = 0; percent < kHighestPercentile;) {
    percents.push_back(percent);
    const double halvings = std::floor(std::log2(100.0 / (100.0 - percent))) + 1;
    percent += 100.0 / (std::exp2(halvings) * kTicksPerHalfDistance);
  }
  std::sort(percents.begin(), percents.end());
  percents.erase(std::unique(percents.begin(), percents.end(),
                             [](double a, double b) { return std::abs(a - b) < 1e-6; }),
                 percents.end());
  for (const double percent : percents) {
    if (percent >= last) break;
    curve.push_back({std::round(percent * 1e5) / 1e5, rounded_ms(histogram.at_percentile(percent))});
  }
  if (last <= kHighestPercentile) {
    curve.push_back({std::round(last * 1e5) / 1e5, rounded_ms(histogram.max())});
  }
  return curve;
}

Json load_detail(const LoadResult& load) {
  Json detail;
  detail["open"] = load.open;
  detail["second"] = load.series.empty() ? 0 : load.series.front().second;
  Json planned = Json::array();
  Json unsent = Json::array();
  Json p50 = Json::array();
  Json p90 = Json::array();
  Json p99 = Json::array();
  Json p999 = Json::array();
  Json max = Json::array();
  Json rows = Json::array();
  for (const SecondPoint& point : load.series) {
    planned.push_back(std::round(point.due_rate * 1e3) / 1e3);
    unsent.push_back(point.unsent);
    // A second without a measured request has no latency; 0 would be a lie.
    const auto latency = [&](Duration value) {
      return point.response.empty() ? Json(nullptr) : Json(rounded_ms(value));
    };
    p50.push_back(latency(point.p50));
    p90.push_back(latency(point.p90));
    p99.push_back(latency(point.p99));
    p999.push_back(latency(point.p999));
    max.push_back(latency(point.max));
    rows.push_back(heat_row(point.response));
  }
  detail["planned_rate"] = std::move(planned);
  detail["unsent"] = std::move(unsent);
  Json errors = Json::object();
  for (std::size_t i = 1; i < kErrorClasses; ++i) {
    const auto happened = [i](const SecondPoint& point) { return point.errors_by_class[i] > 0; };
    if (std::none_of(load.series.begin(), load.series.end(), happened)) continue;
    Json& counts = errors[std::string(to_string(static_cast<ErrorClass>(i)))] = Json::array();
    for (const SecondPoint& point : load.series) counts.push_back(point.errors_by_class[i]);
  }
  detail["errors"] = std::move(errors);
  detail["p50_ms"] = std::move(p50);
  detail["p90_ms"] = std::move(p90);
  detail["p99_ms"] = std::move(p99);
  detail["p999_ms"] = std::move(p999);
  detail["max_ms"] = std::move(max);
  detail["heat"] = {{"edges_ms", heat_edges()}, {"rows", std::move(rows)}};
  detail["percentiles"] = {
      {"response", percentile_curve(load.whole.totals.of(Metric::kResponse))},
      {"service", percentile_curve(load.whole.totals.of(Metric::kService))}};
  return detail;
}

std::string_view state_word(FaultRecord::State state) {
  switch (state) {
    case FaultRecord::State::kPlanned:
      return "planned";
    case FaultRecord::State::kInForce:
      return "in force";
    case FaultRecord::State::kDone:
      return "done";
    case FaultRecord::State::kUndone:
      return "undone";
    case FaultRecord::State::kFailed:
      return "failed";
    case FaultRecord::State::kIneffective:
      return "ineffective";
    case FaultRecord::State::kResidue:
      return "residue";
  }
  return "unknown";
}

Json fault_detail(const FaultResult& fault) {
  Json detail;
  detail["name"] = fault.record.name;
  detail["label"] = fault.record.label;
  detail["state"] = state_word(fault.record.state);
  detail["planned_from_s"] = seconds_or_null(fault.planned_from);
  detail["planned_to_s"] = seconds_or_null(fault.planned_to);
  detail["from_s"] = seconds_or_null(fault.record.from);
  detail["to_s"] = seconds_or_null(fault.record.to);
  detail["on"] = fault.record.on;
  detail["asked"] = fault.record.asked;
  detail["seen"] = fault.record.seen;
  detail["error"] = fault.record.error;
  detail["budget_spent"] = Json::object();
  for (const auto& [objective, share] : fault.budget_spent) {
    detail["budget_spent"][objective] = share;
  }
  return detail;
}

Json objective_detail(const ObjectiveResult& objective) {
  Json detail;
  detail["name"] = objective.name;
  detail["load"] = objective.load;
  detail["text"] = objective.text;
  detail["sentence"] = objective.sentence;
  detail["goal"] = objective.goal;
  detail["measured"] = objective.measured ? Json(*objective.measured) : Json(nullptr);
  detail["met"] = objective.met;
  detail["samples"] = objective.samples;
  detail["bad"] = objective.bad;
  detail["budget_allowed"] = objective.budget_allowed;
  // JSON has no infinity, which is what a spent budget of nothing is.
  detail["budget_share"] =
      std::isfinite(objective.budget_share) ? Json(objective.budget_share) : Json(nullptr);
  return detail;
}

Json event_list(const std::vector<Event>& events) {
  std::vector<const Event*> by_time;
  by_time.reserve(events.size());
  for (const Event& event : events) by_time.push_back(&event);
  std::stable_sort(by_time.begin(), by_time.end(),
                   [](const Event* a, const Event* b) { return a->at < b->at; });
  Json list = Json::array();
  for (const Event* event : by_time) {
    list.push_back({{"at_s", rounded_s(event->at)},
                    {"agent", event->agent},
                    {"kind", event->kind},
                    {"subject", event->subject},
                    {"detail", event->detail}});
  }
  return list;
}

Duration timeline_length(const RunResult& result) {
  Duration length = result.duration;
  for (const LoadResult& load : result.loads) {
    if (load.series.empty()) continue;
    length = std::max<Duration>(length, std::chrono::seconds(load.series.back().second + 1));
  }
  for (const FaultResult& fault : result.faults) {
    if (fault.record.to) length = std::max(length, *fault.record.to);
  }
  return length;
}

}  // namespace

nlohmann::ordered_json page_detail(const RunResult& result) {
  Json detail;
  detail["description"] = result.description;
  detail["length_s"] = rounded_s(timeline_length(result));
  detail["loads"] = Json::object();
  Json phases = Json::object();
  for (const LoadResult& load : result.loads) {
    detail["loads"][load.name] = load_detail(load);
    Json& list = phases[load.name] = Json::array();
    for (const PhaseResult& phase : load.phases) {
      list.push_back({{"name", phase.name},
                      {"from_s", rounded_s(phase.figures.from)},
                      {"to_s", rounded_s(phase.figures.to)},
                      {"errors_by_due", phase.figures.totals.errors_by_due},
                      {"unsent", phase.figures.totals.unsent}});
    }
  }
  detail["faults"] = Json::array();
  for (const FaultResult& fault : result.faults) detail["faults"].push_back(fault_detail(fault));
  detail["phases"] = std::move(phases);
  detail["objectives"] = Json::array();
  for (const ObjectiveResult& objective : result.objectives) {
    detail["objectives"].push_back(objective_detail(objective));
  }
  detail["events"] = event_list(result.events);
  return detail;
}

}  // namespace squall::reports
