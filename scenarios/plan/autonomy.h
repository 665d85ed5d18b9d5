#pragma once

#include "harness/base/units.h"
#include "scenarios/plan/plan.h"

namespace squall::scenarios {

/// The offset until which agents and coordinator may hear nothing of each other, when they last
/// did at `heard` and are patient for so long: that much later; or, where an autonomous fault is in
/// force meanwhile, that much after its end, since it is meant to cut the one off the other.
///
/// All offsets are from the start of the load. Pure.
Duration may_be_silent_until(const Plan& plan, Duration heard, Duration patience);

}  // namespace squall::scenarios
