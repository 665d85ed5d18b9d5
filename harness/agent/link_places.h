#pragma once

#include <vector>

#include "faults/link/links.h"
#include "generators/spec/target_spec.h"
#include "harness/base/result.h"
#include "scenarios/model/scenario.h"

namespace squall::agent {

/// Where the relays of a scenario's link faults stand: before each URL of each target that one of
/// them names, in the order of targets and URLs. Names are looked up, which may block.
Result<std::vector<faults::LinkPlace>> places_of_links(const scenarios::Scenario& scenario);

/// Has the connections to those URLs, in the same order, go to where the relays listen. `targets`
/// are the scenario's.
void lead_through(const std::vector<faults::SocketAddress>& relays,
                  const scenarios::Scenario& scenario,
                  std::vector<generators::TargetSpec>& targets);

}  // namespace squall::agent
