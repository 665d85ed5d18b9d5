#pragma once

#include <vector>

#include "generators/spec/load_spec.h"
#include "reports/judge/run_record.h"
#include "reports/judge/run_result.h"
#include "scenarios/plan/plan.h"

namespace squall::reports {

/// The phases of the run as it went: between the changes that its faults really made.
std::vector<scenarios::Phase> actual_phases(const RunRecord& record);

/// The figures of one load: whole, by phase and by second.
LoadResult load_result(const generators::LoadSpec& load, const RunRecord& record,
                       const std::vector<scenarios::Phase>& phases);

}  // namespace squall::reports
