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

/// What connections came to that a fault disturbed.
struct Survival {
  std::uint64_t connections = 0;  ///< That were up when it began, or opened while it was in force.
  std::uint64_t survived = 0;     ///< Those that were not lost;
  std::uint64_t silent = 0;       ///< of these, those in a gap of 1 s or more when it ended.
  /// A gap is for how long answers were owed and no byte of any came. The longest of
  /// all connections, and of each connection's longest the mean.
  Duration longest_gap{};
  Duration mean_gap{};
  std::uint64_t rebinds = 0;      ///< New source ports.
  std::uint64_t migrations = 0;   ///< To addresses from which the server was heard to answer;
  std::uint64_t unanswered = 0;   ///< to those where it was not, in time;
  std::uint64_t refused = 0;      ///< those that the server did not allow;
  std::uint64_t impossible = 0;   ///< and these and rebinds for which there was no socket.
  std::uint64_t key_updates = 0;  ///< That the server followed,
  std::uint64_t keys_kept = 0;    ///< and those too soon after the one before, or not followed.
};

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
  std::optional<Survival> survival;   ///< Where what it did was done to connections.
  /// An operator ended it before its time, or saw to it that it did not begin.
  bool is_stopped = false;
};

/// An agent as the coordinator knew it.
struct AgentRecord {
  std::string name;
  std::map<std::string, std::string> labels;
  std::string version;
  std::string state;           ///< "done", "lost", "stopped", "failed".
  double clock_offset_ms = 0;  ///< Of its wall clock, which nothing is reckoned with.
  /// Its start was when it should be, to this; and since then its clock went so much faster.
  double clock_error_ms = 0;
  double clock_drift_ms = 0;
};

/// How long after a second's end what all agents measured in it was merged.
struct MergeLateness {
  std::uint64_t seconds = 0;  ///< Of which all agents that ran have told.
  Duration p50{}, p99{}, max{};
};

/// Why a run ended before its plan did.
struct EarlyEnd {
  enum class Cause { kSignal, kGuard, kError };
  Cause cause = Cause::kSignal;
  std::string why;  ///< A sentence.
  Duration at{};
};

/// What of a load nobody told of, because the agent whose part it was was lost: it was not offered,
/// but for what the agent did after it had last told of it.
struct MissingPart {
  std::string load;
  std::string agent;
  Duration from{};   ///< The agent told of all before,
  Duration to{};     ///< and from here on others offer its part, or there is none any more.
  double share = 0;  ///< Of the load that was the agent's, 0 to 1.
  /// How many requests its schedule has there, less those that the agent did tell of. None: a
  /// closed load has no schedule.
  std::optional<std::uint64_t> due;
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
  std::vector<MissingPart> missing;             ///< Of agents that were lost.
  std::optional<MergeLateness> merge_lateness;  ///< None: no second was over for all.
  std::vector<GuardTrip> guard_trips;
  std::vector<ProbeAnswer> probe_answers;  ///< By time.
  std::optional<EarlyEnd> early_end;
  std::optional<CapacityRecord> capacity;  ///< Of a scenario that searches one.
  std::vector<MatrixRow> matrix;           ///< Of one that repeats it; capacity is the first's.
  std::vector<std::string> errors;         ///< What an agent, a service or a fault could not do.
};

}  // namespace squall::reports
