#include "harness/agent/traffic_owner.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include "faults/process/cgroup_text.h"
#include "harness/base/reason.h"

namespace squall::agent {
namespace {

using faults::BoundPort;
using faults::ProcessInfo;

/// All processes of the service.
Result<std::vector<ProcessInfo>> processes_of_service(const std::string& service,
                                                      faults::ProcessTable& table,
                                                      const faults::ProcessScope& scope) {
  faults::ProcessMatch match;
  match.service = service;
  SQUALL_TRY(const auto instances, faults::find_candidates(table, match, scope));
  SQUALL_TRY(const auto all, table.list());
  std::vector<ProcessInfo> found;
  for (const faults::Candidate& instance : instances) {
    auto tree = faults::processes_of(instance, all, scope);
    found.insert(found.end(), tree.begin(), tree.end());
  }
  return found;
}

std::optional<faults::CgroupMembership> group_of(faults::ProcessTable& table, pid_t pid) {
  const auto text = table.cgroups().membership_of(pid);
  if (!text) return {};
  for (const faults::CgroupMembership& one : faults::parse_membership(*text)) {
    if (one.is_version_2()) return one;
  }
  return {};
}

/// The one group that all of them are in, and this agent is not; none where there is none such, or
/// where nftables could not name it.
std::optional<std::string> own_group(faults::ProcessTable& table,
                                     const std::vector<ProcessInfo>& processes,
                                     const std::string& cgroups_at) {
  const auto mounts = table.cgroups().mounts();
  if (!mounts || processes.empty()) return {};
  const auto unified = faults::parse_cgroup_mounts(*mounts).unified;
  if (!unified || unified->folder != cgroups_at || unified->root != "/") return {};
  const auto first = group_of(table, processes.front().id.pid);
  const auto agent = group_of(table, ::getpid());
  if (!first || !agent || first->path == "/" || faults::is_in_cgroup(*agent, first->path)) {
    return {};
  }
  for (const ProcessInfo& one : processes) {
    const auto group = group_of(table, one.id.pid);
    if (!group || !faults::is_in_cgroup(*group, first->path)) return {};
  }
  return first->path;
}

Result<std::set<BoundPort>> ports_of(faults::ProcessTable& table,
                                     const std::vector<ProcessInfo>& processes,
                                     const std::optional<std::string>& transport) {
  std::set<BoundPort> found;
  for (const ProcessInfo& one : processes) {
    const auto ports = table.ports_of(one.id);
    if (faults::is_gone(ports)) continue;
    if (!ports) return ports.error();
    for (const BoundPort& port : *ports) {
      if (!transport || port.transport == *transport) found.insert(port);
    }
  }
  return found;
}

}  // namespace

Result<OwnedTraffic> find_owner(const faults::NetworkFault& fault, faults::ProcessTable& processes,
                                const faults::ProcessScope& scope, const std::string& cgroups_at) {
  OwnedTraffic owned{fault, ""};
  if (!fault.of || !fault.of->service) return owned;
  const std::string who = "service " + *fault.of->service;
  SQUALL_TRY(const auto members, processes_of_service(*fault.of->service, processes, scope));
  if (const auto group = own_group(processes, members, cgroups_at)) {
    owned.fault.of = faults::TrafficOwner{.cgroup = *group, .service = {}};
    owned.note = who + " is met by its cgroup " + *group;
    return owned;
  }
  // As its packets go out they come from its ports.
  const bool comes_in = fault.direction == faults::NetworkFault::Direction::kIn;
  auto& side = comes_in ? owned.fault.to : owned.fault.from;
  if (!side) side.emplace();
  if (!side->ports.empty()) {
    return reason(std::errc::invalid_argument,
                  who + " can only be met by its ports: leave them away in '" +
                      (comes_in ? "to" : "from") + "'");
  }
  std::optional<std::string> transport = side->transport;
  if (const auto& other = comes_in ? fault.from : fault.to; !transport && other) {
    transport = other->transport;
  }
  SQUALL_TRY(const auto ports, ports_of(processes, members, transport));
  if (ports.empty()) {
    return error(std::errc::no_such_device_or_address,
                 who +
                     " is in no cgroup of its own and listens on no port: its packets cannot be "
                     "told from others");
  }
  std::set<std::uint16_t> numbers;
  for (const BoundPort& one : ports) numbers.insert(one.port);
  side->ports.assign(numbers.begin(), numbers.end());
  const bool is_one = std::all_of(ports.begin(), ports.end(), [&](const BoundPort& one) {
    return one.transport == ports.begin()->transport;
  });
  if (!transport && is_one) side->transport = ports.begin()->transport;
  owned.fault.of.reset();
  owned.note = who + " is met by its port" + (numbers.size() == 1 ? "" : "s");
  for (const std::uint16_t number : numbers) owned.note += " " + std::to_string(number);
  return owned;
}

}  // namespace squall::agent
