#pragma once

#include <string>
#include <vector>

#include "reports/judge/absence_result.h"

namespace squall::reports {

/// index.html of a hunt for single points of failure: the ranking, and a link to each run's report.
/// One file without scripts that needs no network.
std::string write_absences_html(const std::string& scenario, const scenarios::AbsenceTiming& timing,
                                const std::vector<AbsenceResult>& ranked);

}  // namespace squall::reports
