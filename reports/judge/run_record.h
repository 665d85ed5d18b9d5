#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.h"
#include "reports/capacity/matrix_row.h"
#include "reports/measure/event.h"
#include "reports/measure/ledger.h"
#include "reports/measure/machine.h"
#include "scenarios/model/scenario.h"
#include "scenarios/plan/plan.h"

namespace squall::reports {

/// What became of one application of a fault, as its agent told it.
struct FaultRecord {
  std::string name;   ///< As in the scenario.
  std::string label;  ///< "kill-one", "kill-one#2".
  enum class State { kPlanned, kInForce, kDone, kUndone, kFailed, kIneffective, kResidue };
  State state = State::kPlanned;
  std::optional<Duration> from;       ///< Actual; none: never applied.
  std::optional<Duration> effective;  ///< When it was first read back that it took.
  std::optional<Duration> to;         ///< Actual end; equals `from` for what has no length.
  std::vector<std::string> on;        ///< Agents.
  std::string asked;                  ///< "SIGSTOP to 1 of service web".
  std::string seen;                   ///< "web.1 (pid 4711) stopped".
  std::string error;                  ///< Why it failed, or is ineffective or residue.
};

/// An agent as the coordinator knew it.
struct AgentRecord {
  std::string name;
  std::map<std::string, std::string> labels;
  std::string version;
  std::string state;  ///< "done", "lost", "stopped", "failed".
  double clock_offset_ms = 0;
};

/// Why a run ended before its plan did.
struct EarlyEnd {
  enum class Cause { kSignal, kGuard, kError };
  Cause cause = Cause::kSignal;
  std::string why;  ///< A sentence.
  Duration at{};
};

/// That a guard's condition held for as long as it must.
struct GuardTrip {
  std::string guard;
  Duration at{};         ///< From the start of the load.
  Duration since{};      ///< When the condition began to hold.
  std::string sentence;  ///< "browse.error_share was 31.2 % for 5 s, limit 20 %".
};

/// One answer to a probe.
struct ProbeAnswer {
  std::string probe;
  Duration at{};
  bool is_good = false;
  std::string seen;  ///< "status 200", or why there was no answer.
};

/// All that is known of a run when it is over: what the judge judges.
struct RunRecord {
  std::string id;
  scenarios::Scenario scenario;
  scenarios::Plan plan;
  std::optional<Machine> machine;
  WallTime started;     ///< The start of the load.
  Duration duration{};  ///< From the start of the load to the end of draining.
  Ledger ledger;
  std::vector<Event> events;
  std::vector<FaultRecord> faults;
  std::vector<AgentRecord> agents;
  std::vector<GuardTrip> guard_trips;
  std::vector<ProbeAnswer> probe_answers;  ///< By time.
  std::optional<EarlyEnd> early_end;
  std::optional<CapacityRecord> capacity;  ///< Of a scenario that searches one.
  std::vector<MatrixRow> matrix;           ///< Of one that repeats it; capacity is the first's.
  std::vector<std::string> errors;         ///< What an agent, a service or a fault could not do.
};

}  // namespace squall::reports
