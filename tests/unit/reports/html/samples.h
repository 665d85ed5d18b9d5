#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reports/judge/run_result.h"

namespace squall::reports {

/// Made-up runs with the shapes that a report must be able to show. Always the same figures: every
/// random choice comes from a fixed seed.
///
/// A ramp, a steady minute, one of two services killed and restarted; objectives met.
RunResult smoke_sample();
/// The server is stopped for one second of ten: a tenth of the requests wait. An objective missed.
RunResult stall_sample();
/// Nothing listens: every request fails to connect.
RunResult nothing_listening_sample();
/// An open and a closed load under faults that overlap, one of them failed; second objective
/// missed.
RunResult two_loads_sample();
/// 3600 seconds with a fault every five minutes.
RunResult hour_long_sample();
/// One load that sent one request, in one second.
RunResult one_request_sample();
/// Stopped by a signal before anything was due: no points, no objectives, no agents' figures.
RunResult aborted_sample();
/// Names that are markup, quotes, very long, right to left, or no UTF-8 at all.
RunResult hostile_names_sample();
/// A capacity searched in three rows of a matrix, one of which was cut short.
RunResult matrix_sample();

/// All of them by name, as files are called: "smoke", "hour-long", …
std::vector<std::pair<std::string, RunResult>> all_samples();

}  // namespace squall::reports
