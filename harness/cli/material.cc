#include "harness/cli/material.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "faults/network/kernel_networks.h"
#include "faults/network/network_obstacles.h"
#include "faults/network/own_peers.h"
#include "faults/pressure/pressure_fault.h"
#include "faults/process/match.h"
#include "faults/process/procfs_table.h"
#include "generators/load/prepared_load.h"
#include "generators/request/data_table.h"
#include "generators/transport/key_log.h"
#include "harness/base/reason.h"
#include "harness/services/instance.h"
#include "scenarios/plan/plan.h"
#include "scenarios/plan/windows.h"

namespace squall::cli {
namespace {

using generators::DataTables;

const generators::TargetSpec* target_of(const generators::LoadSpec& load,
                                        const scenarios::Scenario& scenario) {
  for (const generators::TargetSpec& target : scenario.targets) {
    if (target.name == load.target) return &target;
  }
  return nullptr;
}

void add_once(std::vector<std::string>& lines, std::string line) {
  const bool is_said = std::find(lines.begin(), lines.end(), line) != lines.end();
  if (!is_said) lines.push_back(std::move(line));
}

/// What is recorded has been read with the scenario, which may take long; the rest of such a load
/// is as that of any other.
generators::LoadSpec without_recording(const generators::LoadSpec& load) {
  if (!std::holds_alternative<generators::ReplaySpec>(load.schedule)) return load;
  generators::LoadSpec plain;
  plain.name = load.name;
  plain.target = load.target;
  plain.schedule = generators::OpenSpec{.arrivals = generators::Arrivals::kConstant,
                                        .stages = {{Rate{1}, Rate{1}, std::chrono::seconds(1)}}};
  plain.requests.emplace_back().path.parts.emplace_back("/");
  return plain;
}

}  // namespace

std::vector<std::string> unusable_material(const scenarios::Scenario& scenario) {
  auto read = generators::read_tables(scenario.data, scenario.directory, scenario.seed);
  if (!read) return {in_words(read.error())};
  const auto tables = std::make_shared<const DataTables>(*std::move(read));
  std::vector<std::string> lines;
  for (const generators::LoadSpec& load : scenario.loads) {
    const generators::TargetSpec* target = target_of(load, scenario);
    if (target == nullptr) continue;
    const auto made = generators::PreparedLoad::make(without_recording(load), *target,
                                                     scenario.seed, scenario.directory, tables);
    // What is not supported yet is told of with its place in the file.
    if (!made && made.error().code != std::errc::not_supported) {
      add_once(lines, in_words(made.error()));
    }
  }
  return lines;
}

std::vector<std::string> missing_programs(const scenarios::Scenario& scenario) {
  std::vector<std::string> lines;
  for (const scenarios::ServiceSpec& service : scenario.services) {
    const auto made = services::Instance::make(service, 1, scenario.directory, {});
    if (!made) add_once(lines, in_words(made.error()));
  }
  return lines;
}

/// Without cgroups of version 2 nobody can tell whose packets are a cgroup's.
std::vector<std::string> missing_cgroups(const scenarios::Scenario& scenario) {
  std::vector<std::string> lines;
  for (const faults::FaultSpec& spec : scenario.faults) {
    const auto* network = std::get_if<faults::NetworkFault>(&spec.what);
    if (network == nullptr || !network->of || !network->of->cgroup) continue;
    if (const auto root = faults::KernelNetworks().cgroup("/"); !root) {
      lines.push_back("fault " + spec.name + ": " + in_words(root.error()));
    }
  }
  return lines;
}

/// The scenarios run one after the other, from now on.
std::vector<std::string> closed_windows(const std::vector<ScenarioFile>& files) {
  std::vector<std::string> lines;
  WallTime from = std::chrono::system_clock::now();
  for (const ScenarioFile& file : files) {
    const auto compiled = scenarios::compile(file.parsed.scenario);
    const Duration length = compiled ? compiled->length : Duration::zero();
    if (const auto why = scenarios::why_closed(file.parsed.scenario.safety, from, length)) {
      lines.push_back(fmt::format("{}: {}", file.path, *why));
    }
    from += length;
  }
  return lines;
}

/// Whether a network fault would be where this machine is reached. A namespace that is not there is
/// not.
bool is_in_own_space(const faults::NetworkFault& fault, const std::filesystem::path& directory) {
  faults::KernelNetworks networks;
  const auto space = [&]() -> Result<std::uint64_t> {
    if (fault.namespace_name) return networks.of_name(*fault.namespace_name);
    if (!fault.namespace_of) return networks.own();
    faults::ProcfsTable processes;
    faults::ProcessScope scope = faults::ProcessScope::around_this_process();
    scope.directory = directory;
    SQUALL_TRY(const auto found, faults::find_candidates(processes, *fault.namespace_of, scope));
    return networks.of_process(found.front().leader.pid);
  }();
  const auto own = networks.own();
  return space && own && *space == *own;
}

/// Fails for a process that no fault may ever touch.
Result<void> check_touchable(const faults::ProcessMatch& match) {
  if (!match.pid) return {};
  const std::string pid = "pid " + std::to_string(*match.pid);
  if (*match.pid == 1) {
    return reason(std::errc::invalid_argument,
                  pid + " is the first process of this machine, which is protected");
  }
  const auto process = faults::ProcfsTable().look_up(static_cast<pid_t>(*match.pid));
  if (!process || !(*process).is_kernel_thread) return {};
  return reason(std::errc::invalid_argument, pid + " is a kernel thread, which is protected");
}

/// Whose process a fault is about; none: nobody's.
const faults::ProcessMatch* match_of(const faults::FaultSpec& spec) {
  if (const auto* process = std::get_if<faults::ProcessFault>(&spec.what)) return &process->match;
  if (const auto* network = std::get_if<faults::NetworkFault>(&spec.what)) {
    return network->namespace_of ? &*network->namespace_of : nullptr;
  }
  const auto* pressure = std::get_if<faults::PressureFault>(&spec.what);
  const auto* files =
      pressure == nullptr ? nullptr : std::get_if<faults::DescriptorsPressure>(&pressure->what);
  return files != nullptr && files->of ? &*files->of : nullptr;
}

/// What is asked of this machine and it could never do: more than it has, or to cut off SSH and
/// the like. Faults for agents elsewhere are those agents' to check.
std::vector<std::string> impossible_faults(const scenarios::Scenario& scenario) {
  std::vector<std::string> lines;
  for (const faults::FaultSpec& spec : scenario.faults) {
    if (!spec.on.empty()) continue;
    const faults::ProcessMatch* match = match_of(spec);
    Result<void> possible = match == nullptr ? Result<void>() : check_touchable(*match);
    if (!possible) {
      lines.push_back("fault " + spec.name + ": " + in_words(possible.error()));
      continue;
    }
    if (const auto* pressure = std::get_if<faults::PressureFault>(&spec.what)) {
      possible = faults::check_size({.program = {}, .directory = scenario.directory}, *pressure);
    } else if (const auto* network = std::get_if<faults::NetworkFault>(&spec.what)) {
      faults::NetworkFacts facts;
      facts.is_own_space = is_in_own_space(*network, scenario.directory);
      facts.protected_peers = faults::own_peers();
      possible = faults::check_protected(*network, facts);
    }
    if (!possible) lines.push_back("fault " + spec.name + ": " + in_words(possible.error()));
  }
  return lines;
}

/// OpenSSL and GnuTLS are silent about a file for their secrets that cannot be written.
std::vector<std::string> unwritable_key_log(const scenarios::Scenario& scenario) {
  const bool has_tls =
      std::any_of(scenario.targets.begin(), scenario.targets.end(), [](const auto& target) {
        return std::any_of(target.urls.begin(), target.urls.end(),
                           [](const generators::Url& url) { return url.scheme == "https"; });
      });
  if (!has_tls) return {};
  const auto can_be = generators::foresee_key_log();
  return can_be ? std::vector<std::string>() : std::vector{can_be.error().message()};
}

std::vector<std::string> lasting_obstacles(const std::vector<ScenarioFile>& files) {
  std::vector<std::string> lines;
  for (const ScenarioFile& file : files) {
    for (const scenarios::NotSupported& part : file.parsed.scenario.not_supported) {
      lines.push_back(fmt::format("{}: not supported yet: {}", part.where, part.what));
    }
    if (auto compiled = scenarios::compile(file.parsed.scenario); !compiled) {
      lines.push_back(file.parsed.mistake(file.path, compiled.error().trail).text());
    }
  }
  if (!lines.empty()) return lines;
  for (const ScenarioFile& file : files) {
    for (const auto& check : {unusable_material, missing_programs, missing_cgroups,
                              impossible_faults, unwritable_key_log}) {
      for (const std::string& why : check(file.parsed.scenario)) {
        lines.push_back(file.parsed.mistake(file.path, why).text());
      }
    }
  }
  return lines;
}

std::vector<std::string> obstacles(const std::vector<ScenarioFile>& files) {
  std::vector<std::string> lines = closed_windows(files);
  for (std::string& line : lasting_obstacles(files)) lines.push_back(std::move(line));
  return lines;
}

}  // namespace squall::cli
