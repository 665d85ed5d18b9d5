#pragma once

#include <string>
#include <vector>

#include "reports/judge/absence_result.h"
#include "reports/text/summary_style.h"

namespace squall::reports {

/// The table of what was taken away in turn, the worst first, and a line on each.
std::string write_absences(const std::string& scenario, const std::vector<AbsenceResult>& ranked,
                           const SummaryStyle& style);

}  // namespace squall::reports
