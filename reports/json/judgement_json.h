#pragma once

#include <nlohmann/json.hpp>

#include "reports/judge/run_result.h"

namespace squall::reports {

/// What was judged, as it stands in results.json: `objectives.X`, `faults.X.impact`, `guards.X`,
/// `probes.X` and `steady.LOAD`.
nlohmann::ordered_json objective_json(const ObjectiveResult& objective);
nlohmann::ordered_json impact_json(const FaultResult& fault);
nlohmann::ordered_json guard_json(const GuardResult& guard);
nlohmann::ordered_json probe_json(const ProbeResult& probe);
nlohmann::ordered_json steady_json(const SteadyState& state);

}  // namespace squall::reports
