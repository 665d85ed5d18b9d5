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
wire::Snapshot to_message(const reports::Snapshot& snapshot);
Result<reports::Snapshot> from_message(const wire::Snapshot& message);

wire::EventSeen to_message(const reports::Event& event);
reports::Event from_message(const wire::EventSeen& message, const std::string& agent);

/// The agent knows a fault by its label alone; `name` and `on` are the coordinator's to fill in.
wire::FaultState to_message(const reports::FaultRecord& fault);
reports::FaultRecord from_message(const wire::FaultState& message);

}  // namespace squall::control
