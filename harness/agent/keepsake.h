#pragma once

#include <filesystem>
#include <string>

#include <control.pb.h>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "reports/judge/run_record.h"
#include "reports/measure/snapshot.h"

namespace squall::agent {

/// What an agent measured in a run, for the case that its coordinator does not live to tell of it.
///
/// Lifecycle:  made when the agent has its share; fed with all that it tells; written when nobody
///             took it to the end.
/// Threads:    one owner at a time.
/// Errors:     write() names the file that could not be written.
class Keepsake {
 public:
  /// Of the scenario only the agent's own part is kept. `plan` is that of the agent.
  Keepsake(const std::string& agent, const wire::Share& share, scenarios::Scenario scenario,
           scenarios::Plan plan);

  void take(const reports::Snapshot& snapshot) { record_.ledger.add(agent_, snapshot); }
  void take(const reports::Event& event) { record_.events.push_back(event); }
  void take(const reports::FaultRecord& fault);
  /// Its part ended so long after the start of the load, at `now`, because of `why`.
  void end(Duration at, WallTime now, const std::string& why);

  /// The folder "measured/RUN.AGENT" below `state`, with the files of a run (results.json,
  /// histograms.hlog, events.jsonl, report.html, scenario.yaml) as far as this agent knows it.
  /// Where there is one already it is left as it is, and this one is "RUN.AGENT.2", and so on.
  Result<std::filesystem::path> write(const std::filesystem::path& state) const;

 private:
  std::string agent_;
  std::string scenario_text_;
  reports::RunRecord record_;
};

}  // namespace squall::agent
