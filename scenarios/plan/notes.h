#pragma once

#include <string>
#include <vector>

#include "scenarios/plan/plan.h"

namespace squall::scenarios {

/// What a plan may not have been meant to be, though it can be carried out, a sentence each: faults
/// that are still in force, or come, when no load is offered any more.
std::vector<std::string> notes_on(const Plan& plan);

}  // namespace squall::scenarios
