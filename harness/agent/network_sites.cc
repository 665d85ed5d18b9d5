#include "harness/agent/network_sites.h"

#include <chrono>
#include <cstddef>
#include <utility>
#include <variant>

#include "faults/core/journal.h"
#include "faults/network/capabilities.h"
#include "faults/network/own_peers.h"
#include "faults/network/rehearsal.h"
#include "harness/agent/traffic_owner.h"

namespace squall::agent {

NetworkSites::NetworkSites(faults::Networks& networks, faults::ProcessTable& processes,
                           faults::Capabilities capabilities, std::string owner)
    : networks_(networks),
      processes_(processes),
      capabilities_(capabilities),
      owner_(std::move(owner)) {}

Result<std::unique_ptr<NetworkSites>> NetworkSites::make(faults::Networks& networks,
                                                         faults::ProcessTable& processes) {
  SQUALL_TRY(const auto capabilities, faults::probe_this_kernel());
  return make(networks, processes, capabilities);
}

Result<std::unique_ptr<NetworkSites>> NetworkSites::make(faults::Networks& networks,
                                                         faults::ProcessTable& processes,
                                                         const faults::Capabilities& capabilities) {
  SQUALL_TRY(const auto self, faults::this_owner(processes));
  std::string owner =
      std::to_string(self.process.pid) + "_" + std::to_string(self.process.start_ticks);
  return std::unique_ptr<NetworkSites>(
      new NetworkSites(networks, processes, capabilities, std::move(owner)));
}

Result<void> NetworkSites::protect(const std::string& endpoint) {
  auto peer = faults::read_endpoint(endpoint);
  if (!peer) {
    return error(std::errc::invalid_argument,
                 "'" + endpoint + "' is no address with a port, so it could not be protected");
  }
  coordinators_.push_back({*std::move(peer), faults::ProtectedPeer::Who::kCoordinator});
  return {};
}

Result<NetworkSites::Placed> NetworkSites::place(const faults::NetworkFault& fault,
                                                 bool is_autonomous,
                                                 const faults::ProcessScope& scope) {
  SQUALL_TRY(const auto space, space_of(fault, scope));
  SQUALL_TRY(auto owned, find_owner(fault, processes_, scope));
  faults::NetworkSite site{.networks = networks_,
                           .capabilities = capabilities_,
                           .space = space,
                           .name = owner_ + "_" + std::to_string(next_++),
                           .held = &held_,
                           .probes = true,
                           .watch = std::chrono::seconds(1),
                           .protected_peers = faults::own_peers()};
  if (!is_autonomous) {
    site.protected_peers.insert(site.protected_peers.end(), coordinators_.begin(),
                                coordinators_.end());
  }
  if (!owned.note.empty()) site.notes.push_back(std::move(owned.note));
  return Placed{std::move(owned.fault), std::move(site)};
}

Result<void> NetworkSites::check(const std::vector<scenarios::PlannedFault>& planned,
                                 const std::vector<faults::FaultSpec>& specs,
                                 const faults::ProcessScope& scope) {
  std::vector<faults::RehearsedFault> rehearsed;
  for (const faults::FaultSpec& spec : specs) {
    const auto* fault = std::get_if<faults::NetworkFault>(&spec.what);
    if (fault == nullptr || may_still_come(*fault, scope)) continue;
    const auto placed = [&]() -> Result<faults::RehearsedFault> {
      SQUALL_TRY(auto here, place(*fault, spec.autonomous, scope));
      SQUALL_TRY(auto facts, faults::look_around(here.site, here.fault));
      return faults::RehearsedFault{
          "", std::move(here.fault), std::move(facts), std::move(here.site.name), {}, {}};
    }();
    if (!placed) return Error(placed.error()).within("fault " + spec.name);
    for (const scenarios::PlannedFault& one : planned) {
      if (one.name != spec.name) continue;
      faults::RehearsedFault& fresh = rehearsed.emplace_back(*placed);
      fresh.label = one.label;
      fresh.from = one.from;
      fresh.to = one.to.value_or(one.from);
    }
  }
  const auto plans = faults::rehearse(rehearsed);
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (!plans[i]) return Error(plans[i].error()).within("fault " + rehearsed[i].label);
  }
  return {};
}

bool NetworkSites::may_still_come(const faults::NetworkFault& fault,
                                  const faults::ProcessScope& scope) {
  if (!fault.namespace_of || fault.namespace_of->service) return false;
  return !faults::find_candidates(processes_, *fault.namespace_of, scope);
}

Result<std::uint64_t> NetworkSites::space_of(const faults::NetworkFault& fault,
                                             const faults::ProcessScope& scope) {
  if (fault.namespace_name) return networks_.of_name(*fault.namespace_name);
  if (!fault.namespace_of) return networks_.own();
  SQUALL_TRY(const auto found, faults::find_candidates(processes_, *fault.namespace_of, scope));
  return networks_.of_process(found.front().leader.pid);
}

}  // namespace squall::agent
