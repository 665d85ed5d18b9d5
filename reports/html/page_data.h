#pragma once

#include <nlohmann/json.hpp>

#include "reports/judge/run_result.h"

namespace squall::reports {

/// What the report page draws and `results.json` does not hold:
///
///     length_s  the end of whatever lies last on the timeline, in seconds
///     loads     by name:
///               errors       by class that occurred: errors in each second of the load's `series`
///               heat         edges_ms of the latency buckets; rows: for each second
///                            [first bucket, counts …], empty where nothing was measured
///               percentiles  response and service as [percent, milliseconds] pairs
///
/// Pure: the same result always gives the same data.
nlohmann::ordered_json page_detail(const RunResult& result);

}  // namespace squall::reports
