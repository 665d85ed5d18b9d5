#pragma once

#include <nlohmann/json.hpp>

#include "reports/judge/run_result.h"

namespace squall::reports {

/// What the report page draws and `results.json` does not hold. Keys, durations in milliseconds
/// (`_ms`) and offsets in seconds from the start of the load (`_s`):
///
///     description  the scenario's
///     length_s     the end of whatever lies last on the timeline
///     loads        by name: open; second (of the first point); planned_rate, errors by class,
///                  unsent, p50_ms … max_ms: one number a second, null where nothing was measured;
///                  heat: edges_ms, and for each second [first bucket, counts …];
///                  percentiles: response and service as [percent, milliseconds] pairs
///     faults       one per application: planned and actual times, what was asked and seen
///     phases       the stretches between the faults, by load
///     objectives   in the words of the scenario, with samples and bad ones
///     events       all, by time
///
/// Pure: the same result always gives the same data.
nlohmann::ordered_json page_detail(const RunResult& result);

}  // namespace squall::reports
