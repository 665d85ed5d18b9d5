#pragma once

#include <string>
#include <vector>

#include "harness/cli/scenario_files.h"
#include "scenarios/model/scenario.h"

namespace squall::cli {

/// What a run could not use of what the scenario names, a line each:
/// tables that cannot be read, keys and certificates that are none or do not belong together,
/// sources of another family than their target. Prepares each load as an agent would, and lets go
/// of it again; connects to nothing.
std::vector<std::string> unusable_material(const scenarios::Scenario& scenario);

/// The services whose program is not on this machine, a line each. Another machine may have it.
std::vector<std::string> missing_programs(const scenarios::Scenario& scenario);

/// All that keeps these scenarios from being run on this machine at any time, a line each that
/// names the file: what is not supported yet, cannot be planned, is asked of this machine and
/// beyond it, and both of the above.
std::vector<std::string> lasting_obstacles(const std::vector<ScenarioFile>& files);

/// The same, and what may not begin now by `safety.windows`.
std::vector<std::string> obstacles(const std::vector<ScenarioFile>& files);

}  // namespace squall::cli
