#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "faults/process/container_folders.h"
#include "faults/process/process_table.h"
#include "faults/spec/fault_spec.h"
#include "harness/base/result.h"

namespace squall::faults {

/// The first process of one instance of a service, as its owner started it.
struct ServiceProcess {
  std::string service;
  std::uint64_t instance = 1;
  ProcessId id;
  bool operator==(const ServiceProcess&) const = default;
};

/// One thing that a pick counts: a process, or an instance of a service with its whole tree.
struct Candidate {
  std::string name;  ///< "web.1", or the process's own name.
  ProcessId leader;
  bool whole_tree = false;  ///< All that came of the leader is meant too.
};

/// What process faults may know and must leave alone.
struct ProcessScope {
  std::vector<ServiceProcess> services;
  std::filesystem::path directory;  ///< Relative pid files start here.
  /// Never matched, and who they are: "this agent". Pid 1 and kernel threads never match anyway.
  std::vector<std::pair<pid_t, std::string>> protect;
  ContainerFolders containers = {};  ///< Where names of containers are found.
  std::uint64_t seed = 1;            ///< Which are picked follows from it.
  /// Is called with each that was picked, before anything is done to it. May be empty.
  std::function<void(const Candidate&)> on_pick = nullptr;

  /// A scope that protects this process and its parent; add the reaper.
  static ProcessScope around_this_process();
};

/// What a match looks for, in words: "service web", "process name 'nginx'".
std::string describe(const ProcessMatch& match);

/// The candidates of `match` that are alive, by instance or by pid. Fails with no_such_process
/// when there are none: "nothing matches …", and says what was protected.
Result<std::vector<Candidate>> find_candidates(ProcessTable& table, const ProcessMatch& match,
                                               const ProcessScope& scope);

/// The candidates of a fault and those of them that it means.
struct Picked {
  std::vector<Candidate> chosen;
  std::size_t of = 0;  ///< So many were there.
};

/// Finds the candidates of `fault` and picks among them by the scope's seed; tells of each.
Result<Picked> pick_candidates(ProcessTable& table, const ProcessFault& fault,
                               const ProcessScope& scope);

/// "1 of 2 of service web".
std::string in_words(const Picked& picked, const ProcessMatch& match);

/// "3 processes (pids 11, 12, 13)".
std::string in_words(const std::vector<ProcessId>& processes);

/// The instance of a service, "web.1", that the candidate is or that it descends from; none when it
/// belongs to no service.
std::optional<std::string> instance_of(const Candidate& candidate, const ProcessScope& scope,
                                       ProcessTable& table);

/// The living processes of `candidate` now, the leader first; protected ones left out.
std::vector<ProcessInfo> processes_of(const Candidate& candidate,
                                      const std::vector<ProcessInfo>& all,
                                      const ProcessScope& scope);

}  // namespace squall::faults
