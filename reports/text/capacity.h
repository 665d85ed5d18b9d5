#pragma once

#include <string>

#include "reports/judge/run_result.h"
#include "reports/text/summary_style.h"

namespace squall::reports {

/// The probes of a search, by rate, as a table under its heading.
std::string capacity_table(const CapacityRecord& capacity, const SummaryStyle& style);

/// The rows of a matrix as a table under its heading.
std::string matrix_table(const RunResult& result, const SummaryStyle& style);

}  // namespace squall::reports
