#pragma once

#include <string>

#include <control.pb.h>

#include "harness/base/result.h"
#include "reports/judge/run_record.h"
#include "reports/measure/event.h"
#include "reports/measure/snapshot.h"

namespace squall::control {

/// Between what is measured and what travels. What comes from outside is checked: an error says
/// what was wrong with it, and nothing of it is kept.
Snapshot to_message(const reports::Snapshot& snapshot);
Result<reports::Snapshot> from_message(const Snapshot& message);

EventSeen to_message(const reports::Event& event);
reports::Event from_message(const EventSeen& message, const std::string& agent);

/// The agent knows a fault by its label alone; `name` and `on` are the coordinator's to fill in.
FaultState to_message(const reports::FaultRecord& fault);
reports::FaultRecord from_message(const FaultState& message);

}  // namespace squall::control
