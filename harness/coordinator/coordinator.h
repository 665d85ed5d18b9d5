#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "harness/control/credentials.h"
#include "harness/coordinator/probe_post.h"
#include "harness/coordinator/roll.h"
#include "harness/coordinator/run_lock.h"
#include "harness/coordinator/ssh_hosts.h"
#include "harness/coordinator/stop_request.h"
#include "reports/judge/guard_watch.h"
#include "reports/judge/run_record.h"
#include "scenarios/parse/parse.h"

namespace squall::coordinator {

/// Agents on other machines, which dial in.
struct Fleet {
  std::string listen;  ///< "10.0.0.1:7400"; port 0 for any. Not heeded where agents are placed.
  /// None: only on a loopback address.
  std::optional<control::Credentials> credentials;
  std::vector<ExpectedAgents> expected;
  Duration patience = std::chrono::seconds(30);  ///< Until all that are expected have joined.
  /// Where they are started for this run; none: somebody else does that.
  std::optional<SshHosts> placed = {};
};

/// How a scenario is run.
struct RunOptions {
  std::string squall_program;  ///< Absolute path of this program: agents are started from it.
  std::string scenario_file;   ///< Absolute.
  std::filesystem::path run_directory;  ///< Exists; logs of services go here.
  std::string run_id;
  std::size_t agents = 1;                ///< Local agents; none where there is a fleet.
  std::size_t shards = 0;                ///< Of each agent; 0: one per core.
  std::vector<std::string> agent_flags;  ///< Passed on, such as "--quiet".
  Fetch fetch;                           ///< Asks probes; none: no probe is asked.
  const RunLock* lock = nullptr;         ///< Where it is heard that the run is to stop.
  std::optional<Fleet> fleet = {};       ///< Agents that dial in, instead of local ones.
};

/// What is told while a run goes on, about once a second.
struct RunView {
  const reports::RunRecord& record;  ///< So far.
  Duration elapsed{};                ///< Since the start of the load; negative before it.
  std::string stage;                 ///< "preparing", "running", "draining", "stopping".
  /// How each objective does over all agents, by its name, as of the last second that was judged.
  std::map<std::string, reports::GuardWatch::SoFar> objectives = {};
  std::string search = {};  ///< What the search for a capacity does; empty: there is none.
};
using RunObserver = std::function<void(const RunView&)>;

/// Runs one scenario from start to end and answers with all that is known of it.
///
/// Starts the agents as child processes, speaks to them over gRPC on a Unix socket, keeps their
/// leases, and always ends them. Those of a fleet come by themselves, and go when told to. Whatever
/// goes wrong on the way is in the record; only what prevents a run from being begun at all (a plan
/// that does not compile, a socket that cannot be had) is an Error.
Result<reports::RunRecord> run_scenario(const scenarios::ParsedScenario& parsed,
                                        const RunOptions& options, const StopRequest& stop,
                                        const RunObserver& observe);

}  // namespace squall::coordinator
