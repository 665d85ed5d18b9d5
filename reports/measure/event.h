#pragma once

#include <string>

#include "harness/base/units.h"

namespace squall::reports {

/// Something that happened, for the timeline and `events.jsonl`.
struct Event {
  Duration at{};        ///< From the start of the load; negative before it.
  std::string agent;    ///< Who saw it; empty: the coordinator.
  std::string kind;     ///< "fault.applied", "fault.verified", "fault.undone", "fault.failed",
                        ///< "fault.ineffective", "fault.residue", "service.started",
                        ///< "service.ready", "service.exited", "service.restarted",
                        ///< "service.stopped", "run.stop", "agent.joined", "agent.lost",
                        ///< "guard.tripped", "probe.failed", "probe.ok", "note",
                        ///< "warning": what explains a result, and is in its warnings.
  std::string subject;  ///< The fault's label, the service's name, …
  std::string detail;   ///< In words.
};

}  // namespace squall::reports
