#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "reports/judge/run_result.h"

namespace squall::reports {

/// A run as results.json tells it: the contract's keys in the contract's order, and additions.
/// Durations are milliseconds, offsets (`_s`) seconds from the start of the load, shares 0 to 1.
/// What was not measured is null; no number is ever infinite or NaN.
nlohmann::ordered_json results_json(const RunResult& result);

/// The text of results.json: indented, but whatever holds only plain values keeps to one line.
std::string write_results_json(const RunResult& result);

/// The text of events.jsonl: one JSON object a line, by time.
std::string write_events_jsonl(const RunResult& result);

}  // namespace squall::reports
