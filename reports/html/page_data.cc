#include "reports/html/page_data.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
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
Json heat_row(const SparseHistogram& histogram) {
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
    curve.push_back(
        {std::round(percent * 1e5) / 1e5, rounded_ms(histogram.at_percentile(percent))});
  }
  if (last <= kHighestPercentile) {
    curve.push_back({std::round(last * 1e5) / 1e5, rounded_ms(histogram.max())});
  }
  return curve;
}

Json errors_by_second(const std::vector<SecondPoint>& series) {
  Json errors = Json::object();
  for (std::size_t i = 1; i < kErrorClasses; ++i) {
    const auto happened = [i](const SecondPoint& point) { return point.errors_by_class.at(i) > 0; };
    if (std::none_of(series.begin(), series.end(), happened)) continue;
    Json& counts = errors[std::string(to_string(static_cast<ErrorClass>(i)))] = Json::array();
    for (const SecondPoint& point : series) counts.push_back(point.errors_by_class.at(i));
  }
  return errors;
}

Json load_detail(const LoadResult& load) {
  Json rows = Json::array();
  for (const SecondPoint& point : load.series) rows.push_back(heat_row(point.response));
  const SecondCell& totals = load.whole.totals;
  return {{"errors", errors_by_second(load.series)},
          {"heat", {{"edges_ms", heat_edges()}, {"rows", std::move(rows)}}},
          {"percentiles",
           {{"response", percentile_curve(totals.of(Metric::kResponse))},
            {"service", percentile_curve(totals.of(Metric::kService))}}}};
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
  detail["length_s"] = to_seconds(timeline_length(result));
  detail["loads"] = Json::object();
  for (const LoadResult& load : result.loads) detail["loads"][load.name] = load_detail(load);
  return detail;
}

}  // namespace squall::reports
