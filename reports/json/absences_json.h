#pragma once

#include <string>
#include <vector>

#include "reports/judge/absence_result.h"

namespace squall::reports {

/// spof.json: what became of a scenario without each of its parts in turn, the worst first. Keys
/// as results.json has them; durations are seconds (`_s`) or milliseconds (`_ms`). `untried` are
/// those to which a hunt that ended early did not come.
std::string write_absences_json(const std::string& scenario, const scenarios::AbsenceTiming& timing,
                                const std::vector<AbsenceResult>& ranked,
                                const std::vector<std::string>& untried);

}  // namespace squall::reports
