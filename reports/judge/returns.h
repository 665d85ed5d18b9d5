#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.h"
#include "reports/judge/run_record.h"
#include "reports/measure/event.h"

namespace squall::reports {

/// Of the instances of services that a fault ended ("web.1"): how long after its begin each was
/// ready again. Who did not come back is not among them, nor is who was never gone.
std::map<std::string, Duration> ready_again(const FaultRecord& fault,
                                            const std::vector<Event>& events);

/// The label of a planned fault of which a warning that no connection could be had is the direct
/// consequence: it was in force, or what it ended was not ready again, and it is about the very
/// address. None for every other warning.
std::optional<std::string> fault_behind(const Event& warning, const RunRecord& record);

}  // namespace squall::reports
