#include "faults/process/match.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include <unistd.h>

#include "faults/process/cgroup_text.h"
#include "faults/process/pick.h"
#include "faults/process/process_tree.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

/// Why no fault may touch `process`; none when one may.
std::optional<std::string> protection_of(const ProcessInfo& process, const ProcessScope& scope) {
  if (process.id.pid == 1) return "the first process";
  if (process.is_kernel_thread) return "a kernel thread";
  for (const auto& [pid, who] : scope.protect) {
    if (pid == process.id.pid) return who;
  }
  return {};
}

std::string name_of(const ServiceProcess& one) {
  return one.service + "." + std::to_string(one.instance);
}

Error nothing_matches(const ProcessMatch& match, const std::string& why) {
  return reason(std::errc::no_such_process,
                "nothing matches " + describe(match) + (why.empty() ? "" : " (" + why + ")"));
}

Result<std::vector<Candidate>> instances_of(const ProcessMatch& match, const ProcessScope& scope,
                                            const std::vector<ProcessInfo>& all) {
  std::vector<ServiceProcess> meant;
  std::string known;
  for (const ServiceProcess& one : scope.services) {
    known += (known.empty() ? "" : ", ") + name_of(one);
    if (*match.service == one.service || *match.service == name_of(one)) meant.push_back(one);
  }
  if (meant.empty()) {
    return nothing_matches(match,
                           known.empty() ? "no service is running" : "running services: " + known);
  }
  std::sort(meant.begin(), meant.end(), [](const ServiceProcess& a, const ServiceProcess& b) {
    return a.instance < b.instance;
  });
  std::vector<Candidate> found;
  for (const ServiceProcess& one : meant) {
    Candidate candidate{name_of(one), one.id, true};
    if (!processes_of(candidate, all, scope).empty()) found.push_back(std::move(candidate));
  }
  if (found.empty()) return nothing_matches(match, "it has ended");
  return found;
}

Result<pid_t> pid_in(const std::string& file, const ProcessScope& scope) {
  std::ifstream stream(scope.directory / file);
  if (!stream) return error(std::errc::no_such_file_or_directory, "read the pid file " + file);
  pid_t pid = 0;
  if (!(stream >> pid) || pid <= 0) {
    return reason(std::errc::invalid_argument, "the pid file " + file + " holds no pid");
  }
  return pid;
}

/// Says of each process whether it is meant.
using IsMeant = std::function<bool(const ProcessInfo&)>;

bool is_in(const CgroupMembership& one, const ProcessMatch& match) {
  if (match.unit) return is_in_unit(one, *match.unit);
  return is_in_cgroup(one, *match.cgroup);
}

/// What /proc says of the control groups of each process.
using Memberships = std::map<ProcessId, std::vector<CgroupMembership>>;

Result<Memberships> memberships(ProcessTable& table) {
  SQUALL_TRY(const auto all, table.list());
  Memberships found;
  for (const ProcessInfo& process : all) {
    const auto text = table.cgroups().membership_of(process.id.pid);
    if (is_gone(text)) continue;
    if (!text) return text.error();
    found[process.id] = parse_membership(*text);
  }
  return found;
}

/// By the control groups that each process is in.
Result<IsMeant> meaning_by_group(ProcessTable& table, const ProcessMatch& match) {
  SQUALL_TRY(const auto found, memberships(table));
  std::set<ProcessId> meant;
  for (const auto& [id, groups] : found) {
    const auto is_meant = [&](const CgroupMembership& one) { return is_in(one, match); };
    if (std::any_of(groups.begin(), groups.end(), is_meant)) meant.insert(id);
  }
  return IsMeant(
      [meant = std::move(meant)](const ProcessInfo& one) { return meant.contains(one.id); });
}

/// By the container in which each process runs, of which the engine's files may tell the name.
Result<IsMeant> meaning_by_container(ProcessTable& table, std::string_view wanted,
                                     const ProcessScope& scope) {
  SQUALL_TRY(const auto found, memberships(table));
  std::map<ProcessId, std::string> containers;
  std::set<std::string> running;
  for (const auto& [process, groups] : found) {
    for (const CgroupMembership& one : groups) {
      const auto id = container_in(one);
      if (!id) continue;
      containers.emplace(process, *id);
      running.insert(*id);
    }
  }
  SQUALL_TRY(const auto meant,
             container_meant(wanted, running, scope.containers.names_of(running)));
  return IsMeant([containers = std::move(containers), meant](const ProcessInfo& one) {
    const auto at = containers.find(one.id);
    return at != containers.end() && at->second == meant;
  });
}

Result<IsMeant> meaning_of(ProcessTable& table, const ProcessMatch& match,
                           const ProcessScope& scope) {
  if (match.name) {
    return IsMeant([name = *match.name](const ProcessInfo& one) { return one.name == name; });
  }
  if (match.command_line) {
    return IsMeant([text = *match.command_line](const ProcessInfo& one) {
      return one.command_line.find(text) != std::string::npos;
    });
  }
  if (match.pid) {
    return IsMeant([pid = *match.pid](const ProcessInfo& one) {
      return static_cast<std::uint64_t>(one.id.pid) == pid;
    });
  }
  if (match.pid_file) {
    SQUALL_TRY(const auto pid, pid_in(*match.pid_file, scope));
    return IsMeant([pid](const ProcessInfo& one) { return one.id.pid == pid; });
  }
  if (match.listening) {
    SQUALL_TRY(auto listeners, table.listening_on(*match.listening));
    return IsMeant([ids = std::move(listeners)](const ProcessInfo& one) {
      return std::find(ids.begin(), ids.end(), one.id) != ids.end();
    });
  }
  if (match.unit || match.cgroup) return meaning_by_group(table, match);
  if (match.container) return meaning_by_container(table, *match.container, scope);
  return error(std::errc::operation_not_supported, "match " + describe(match));
}

}  // namespace

ProcessScope ProcessScope::around_this_process() {
  ProcessScope scope;
  scope.protect = {{::getpid(), "this agent"}, {::getppid(), "its coordinator"}};
  scope.containers = ContainerFolders::of_this_machine();
  return scope;
}

std::string describe(const ProcessMatch& match) {
  if (match.service) return "service " + *match.service;
  if (match.pid) return "pid " + std::to_string(*match.pid);
  if (match.pid_file) return "pid file " + *match.pid_file;
  if (match.name) return "process name '" + *match.name + "'";
  if (match.command_line) return "command line with '" + *match.command_line + "'";
  if (match.listening) return "port " + std::to_string(*match.listening);
  if (match.unit) return "systemd unit " + *match.unit;
  if (match.cgroup) return "cgroup " + *match.cgroup;
  if (match.container) return "container " + *match.container;
  return "nothing";
}

Result<std::vector<Candidate>> find_candidates(ProcessTable& table, const ProcessMatch& match,
                                               const ProcessScope& scope) {
  SQUALL_TRY(const auto all, table.list());
  if (match.service) return instances_of(match, scope, all);

  SQUALL_TRY(const auto is_meant, meaning_of(table, match, scope));
  std::vector<Candidate> found;
  std::string left_out;
  for (const ProcessInfo& one : all) {
    if (!one.is_alive() || !is_meant(one)) continue;
    if (const auto why = protection_of(one, scope)) {
      left_out += (left_out.empty() ? "" : ", ") + std::to_string(one.id.pid) + " is " + *why;
    } else {
      found.push_back({one.name, one.id, false});
    }
  }
  if (found.empty()) {
    return nothing_matches(match, left_out.empty() ? "" : "protected: " + left_out);
  }
  std::sort(found.begin(), found.end(),
            [](const Candidate& a, const Candidate& b) { return a.leader < b.leader; });
  return found;
}

Result<Picked> pick_candidates(ProcessTable& table, const ProcessFault& fault,
                               const ProcessScope& scope) {
  SQUALL_TRY(const auto candidates, find_candidates(table, fault.match, scope));
  Picked picked{.chosen = {}, .of = candidates.size()};
  for (const std::size_t index : choose(fault.pick, candidates.size(), scope.seed)) {
    picked.chosen.push_back(candidates[index]);
    if (scope.on_pick) scope.on_pick(picked.chosen.back());
  }
  return picked;
}

std::string in_words(const Picked& picked, const ProcessMatch& match) {
  return std::to_string(picked.chosen.size()) + " of " + std::to_string(picked.of) + " of " +
         describe(match);
}

std::string in_words(const std::vector<ProcessId>& processes) {
  std::string pids;
  for (const ProcessId& one : processes) {
    pids += (pids.empty() ? "" : ", ") + std::to_string(one.pid);
  }
  const bool single = processes.size() == 1;
  return std::to_string(processes.size()) + (single ? " process (pid " : " processes (pids ") +
         pids + ")";
}

std::optional<std::string> instance_of(const Candidate& candidate, const ProcessScope& scope,
                                       ProcessTable& table) {
  for (pid_t pid = candidate.leader.pid; pid > 1;) {
    for (const ServiceProcess& one : scope.services) {
      if (one.id.pid == pid) return one.service + "." + std::to_string(one.instance);
    }
    const auto process = table.look_up(pid);
    if (!process) break;
    pid = process->parent;
  }
  return std::nullopt;
}

std::vector<ProcessInfo> processes_of(const Candidate& candidate,
                                      const std::vector<ProcessInfo>& all,
                                      const ProcessScope& scope) {
  std::vector<ProcessInfo> processes;
  if (candidate.whole_tree) {
    processes = tree_of(candidate.leader, all);
  } else {
    std::copy_if(
        all.begin(), all.end(), std::back_inserter(processes),
        [&](const ProcessInfo& one) { return one.id == candidate.leader && one.is_alive(); });
  }
  std::erase_if(processes,
                [&](const ProcessInfo& one) { return protection_of(one, scope).has_value(); });
  return processes;
}

}  // namespace squall::faults
