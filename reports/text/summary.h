#pragma once

#include <string>

#include "reports/judge/run_result.h"
#include "reports/text/summary_style.h"

namespace squall::reports {

/// The summary at the end of a run: verdict and reasons first, then each load (requests, rates,
/// statuses, traffic, latencies, phases), the faults and the objectives. Ends with a newline.
std::string write_summary(const RunResult& result, const SummaryStyle& style);

}  // namespace squall::reports
