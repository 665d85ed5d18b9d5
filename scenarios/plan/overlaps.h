#pragma once

#include <vector>

#include "harness/base/result.h"
#include "scenarios/model/scenario.h"
#include "scenarios/plan/plan.h"

namespace squall::scenarios {

/// Fails where two faults would be in force at a time that cannot be told apart, or undone one
/// without the other: on one link, on the connections of one load, on the same packets of one
/// interface, on the limit of files of the same processes. `planned` is by start.
Result<void> check_overlaps(const Scenario& scenario, const std::vector<PlannedFault>& planned);

}  // namespace squall::scenarios
