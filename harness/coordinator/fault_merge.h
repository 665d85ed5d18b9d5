#pragma once

#include <vector>

#include "reports/judge/run_record.h"

namespace squall::coordinator {

/// One application of a fault as all agents that inject it have told of it: `on` names the agent in
/// each of `told`, of which there is at least one. The state is the worst; in force is what is so
/// anywhere; it lasts from the first begin to the last end, and took when it had taken everywhere.
/// Connections that survived add up, as those that did not; the gap is the longest of all, and
/// their mean weighs each connection alike.
reports::FaultRecord merge(const std::vector<reports::FaultRecord>& told);

}  // namespace squall::coordinator
