#include "harness/agent/network_sites.h"

#include <utility>
#include <variant>

#include "faults/core/journal.h"
#include "faults/network/capabilities.h"

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
  SQUALL_TRY(const auto self, faults::this_owner(processes));
  std::string owner =
      std::to_string(self.process.pid) + "_" + std::to_string(self.process.start_ticks);
  return std::unique_ptr<NetworkSites>(
      new NetworkSites(networks, processes, capabilities, std::move(owner)));
}

Result<faults::NetworkSite> NetworkSites::site_of(const faults::NetworkFault& fault,
                                                  const faults::ProcessScope& scope) {
  SQUALL_TRY(const auto space, space_of(fault, scope));
  return faults::NetworkSite{.networks = networks_,
                             .capabilities = capabilities_,
                             .space = space,
                             .name = owner_ + "_" + std::to_string(next_++),
                             .held = &held_};
}

Result<void> NetworkSites::check(const std::vector<faults::FaultSpec>& specs,
                                 const faults::ProcessScope& scope) {
  for (const faults::FaultSpec& spec : specs) {
    const auto* fault = std::get_if<faults::NetworkFault>(&spec.what);
    if (fault == nullptr) continue;
    const auto planned = [&]() -> Result<faults::NetworkPlan> {
      SQUALL_TRY(const auto site, site_of(*fault, scope));
      SQUALL_TRY(const auto facts, faults::look_around(site));
      return faults::plan_network(*fault, facts, site.name);
    }();
    if (!planned) return Error(planned.error()).within("fault " + spec.name);
  }
  return {};
}

Result<std::uint64_t> NetworkSites::space_of(const faults::NetworkFault& fault,
                                             const faults::ProcessScope& scope) {
  if (fault.namespace_name) return networks_.of_name(*fault.namespace_name);
  if (!fault.namespace_of) return networks_.own();
  SQUALL_TRY(const auto found, faults::find_candidates(processes_, *fault.namespace_of, scope));
  return networks_.of_process(found.front().leader.pid);
}

}  // namespace squall::agent
