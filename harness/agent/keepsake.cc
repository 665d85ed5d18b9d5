#include "harness/agent/keepsake.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "harness/base/version.h"
#include "reports/folder/run_files.h"
#include "reports/judge/run_result.h"

namespace squall::agent {

namespace fs = std::filesystem;

namespace {

/// Makes the folder `name` in `parent`, or `name`.2 and so on where somebody has made it before.
Result<fs::path> new_folder(const fs::path& parent, const std::string& name) {
  std::error_code failure;
  fs::create_directories(parent, failure);
  if (failure) return Error{failure, "make folder " + parent.string()};
  fs::path folder = parent / name;
  for (int number = 2; !fs::create_directory(folder, failure); ++number) {
    // Anything else of this name is in the way as well.
    const bool is_taken = !failure || failure == std::errc::file_exists;
    if (!is_taken) return Error{failure, "make folder " + folder.string()};
    folder = parent / (name + "." + std::to_string(number));
  }
  return folder;
}

}  // namespace

Keepsake::Keepsake(const std::string& agent, const wire::Share& share, scenarios::Scenario scenario,
                   scenarios::Plan plan)
    : agent_(agent), scenario_text_(share.scenario_text()) {
  record_.id = share.run_id();
  record_.scenario = std::move(scenario);
  record_.plan = std::move(plan);
  std::set<std::string> own;
  for (const wire::LoadPart& part : share.loads()) own.insert(part.load());
  const auto is_other = [&own](const auto& one) { return !own.contains(one.load); };
  std::erase_if(record_.scenario.loads, [&](const auto& load) { return !own.contains(load.name); });
  std::erase_if(record_.scenario.objectives, is_other);
  // Those are the coordinator's to ask and to search.
  record_.scenario.guards.clear();
  record_.scenario.probes.clear();
  record_.scenario.capacity.reset();
  reports::AgentRecord& self = record_.agents.emplace_back();
  self.name = agent;
  self.version = version();
  self.state = "stopped";
}

void Keepsake::take(const reports::FaultRecord& fault) {
  const auto known = std::find_if(record_.faults.begin(), record_.faults.end(),
                                  [&fault](const auto& one) { return one.label == fault.label; });
  reports::FaultRecord& kept =
      known == record_.faults.end() ? record_.faults.emplace_back() : *known;
  kept = fault;
  kept.on = {agent_};
}

void Keepsake::end(Duration at, WallTime now, const std::string& why) {
  record_.duration = std::max(at, Duration::zero());
  record_.started = now - std::chrono::duration_cast<WallTime::duration>(at);
  record_.early_end = {
      .cause = reports::EarlyEnd::Cause::kError, .why = why, .at = record_.duration};
}

Result<fs::path> Keepsake::write(const fs::path& state) const {
  SQUALL_TRY(const fs::path folder, new_folder(state / "measured", record_.id + "." + agent_));
  auto written = reports::write_run_files(folder, record_, reports::judge(record_), scenario_text_);
  if (!written) return std::move(written).error();
  return folder;
}

}  // namespace squall::agent
