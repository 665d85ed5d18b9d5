#include "reports/html/page_data.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/reports/html/samples.h"

namespace squall::reports {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Json = nlohmann::ordered_json;

/// A run of one load with one second for each histogram given.
RunResult run_of(std::initializer_list<std::initializer_list<Duration>> responses) {
  RunResult result;
  LoadResult load;
  load.name = "browse";
  std::int64_t second = 0;
  for (const auto& values : responses) {
    SecondPoint point;
    point.second = second++;
    Histogram histogram;
    for (const Duration value : values) histogram.record(value);
    point.response.add(histogram);
    load.whole.totals.of(Metric::kResponse).merge(histogram);
    load.series.push_back(std::move(point));
  }
  result.loads.push_back(std::move(load));
  return result;
}

Json browse(const RunResult& result) { return page_detail(result)["loads"]["browse"]; }

std::uint64_t requests_in(const Json& row) {
  std::uint64_t sum = 0;
  for (std::size_t i = 1; i < row.size(); ++i) sum += row[i].get<std::uint64_t>();
  return sum;
}

TEST(PageHeat, PutsEachRequestBetweenTheEdgesOfItsBucket) {
  for (const Duration value : {Duration(microseconds(11)), Duration(microseconds(990)),
                               Duration(milliseconds(27)), Duration(seconds(75))}) {
    const Json heat = browse(run_of({{value}}))["heat"];
    const Json& row = heat["rows"][0];
    ASSERT_EQ(row.size(), 2U);
    const auto bucket = row[0].get<std::size_t>();
    EXPECT_LE(heat["edges_ms"][bucket].get<double>(), to_milliseconds(value) * 1.001);
    EXPECT_GT(heat["edges_ms"][bucket + 1].get<double>(), to_milliseconds(value) * 0.999);
  }
}

TEST(PageHeat, LosesNoRequestOfAnySample) {
  for (const auto& [name, result] : all_samples()) {
    const Json detail = page_detail(result);
    for (const LoadResult& load : result.loads) {
      const Json& rows = detail["loads"][load.name]["heat"]["rows"];
      ASSERT_EQ(rows.size(), load.series.size()) << name;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        ASSERT_EQ(requests_in(rows[i]), load.series[i].response.count()) << name << " second " << i;
      }
    }
  }
}

TEST(PageHeat, KeepsWhatIsBelowOrAboveItsEdgesInTheOutermostBuckets) {
  const Json heat = browse(run_of({{microseconds(1), std::chrono::hours(1)}}))["heat"];
  const Json& row = heat["rows"][0];
  EXPECT_EQ(row[0], 0);
  EXPECT_EQ(row.size(), heat["edges_ms"].size());  // First bucket, then a count for each.
  EXPECT_EQ(requests_in(row), 2U);
}

TEST(PageHeat, HasAnEmptyRowForASecondWithoutRequests) {
  const Json rows = browse(run_of({{milliseconds(1)}, {}, {milliseconds(1)}}))["heat"]["rows"];
  EXPECT_EQ(rows.size(), 3U);
  EXPECT_TRUE(rows[1].empty());
}

TEST(PagePercentiles, AgreeWithTheHistogramAtTheFiguresThatPeopleQuote) {
  const RunResult result = smoke_sample();
  const Histogram& histogram = result.loads[0].whole.totals.of(Metric::kResponse);
  const Json curve = browse(result)["percentiles"]["response"];
  for (const double percent : {50.0, 90.0, 95.0, 99.0, 99.9}) {
    const auto point = std::find_if(curve.begin(), curve.end(), [&](const Json& pair) {
      return pair[0].get<double>() == percent;
    });
    ASSERT_NE(point, curve.end()) << percent;
    EXPECT_NEAR((*point)[1].get<double>(), to_milliseconds(histogram.at_percentile(percent)), 5e-4);
  }
}

TEST(PagePercentiles, RiseToTheLargestValueAndNeverPastWhatTheCountCanTell) {
  const RunResult result = smoke_sample();
  const Histogram& histogram = result.loads[0].whole.totals.of(Metric::kResponse);
  const Json curve = browse(result)["percentiles"]["response"];
  EXPECT_EQ(curve.front()[0], 0.0);
  for (std::size_t i = 1; i < curve.size(); ++i) {
    ASSERT_GT(curve[i][0].get<double>(), curve[i - 1][0].get<double>());
    ASSERT_GE(curve[i][1].get<double>(), curve[i - 1][1].get<double>());
  }
  EXPECT_NEAR(curve.back()[0].get<double>(),
              100.0 * (1 - 1 / static_cast<double>(histogram.count())), 1e-4);
  EXPECT_NEAR(curve.back()[1].get<double>(), to_milliseconds(histogram.max()), 5e-4);
}

TEST(PagePercentiles, AreOnePointForOneRequestAndNoneForNone) {
  EXPECT_EQ(browse(run_of({{milliseconds(12)}}))["percentiles"]["response"].size(), 1U);
  EXPECT_TRUE(browse(run_of({{}}))["percentiles"]["response"].empty());
}

TEST(PageErrors, ListOnlyTheClassesThatOccurredSecondBySecond) {
  RunResult result = run_of({{}, {}, {}});
  result.loads[0].series[1].errors_by_class.at(static_cast<std::size_t>(ErrorClass::kTimeout)) = 7;
  EXPECT_EQ(browse(result)["errors"], Json({{"timeout", {0, 7, 0}}}));
}

TEST(PageLength, ReachesToTheLastSecondAndTheEndOfTheLastFault) {
  RunResult result = run_of({{}, {}, {}});
  result.duration = milliseconds(1500);
  EXPECT_EQ(page_detail(result)["length_s"], 3.0);
  FaultResult fault;
  fault.record.to = milliseconds(4250);
  result.faults.push_back(fault);
  EXPECT_EQ(page_detail(result)["length_s"], 4.25);
}

}  // namespace
}  // namespace squall::reports
