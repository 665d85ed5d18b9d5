// What is looked at on a machine before a network fault is planned.
#include <utility>

#include "faults/network/network_fault.h"

namespace squall::faults {

Result<NetworkFacts> look_around(const NetworkSite& site, const NetworkFault& fault) {
  NetworkFacts facts;
  if (fault.of && fault.of->cgroup) {
    if (auto there = site.networks.cgroup(*fault.of->cgroup); !there) {
      return std::move(there).error();
    }
  }
  facts.space = site.space;
  facts.capabilities = site.capabilities;
  facts.protected_peers = site.protected_peers;
  SQUALL_TRY(const auto own, site.networks.own());
  facts.is_own_space = own == site.space;
  SQUALL_TRY(const auto network, site.networks.open(site.space));
  SQUALL_TRY(facts.links, network->links());
  SQUALL_TRY(facts.qdiscs, network->qdiscs());
  for (const Qdisc& root : facts.qdiscs) {
    const bool has_tree = root.is_root() && root.handle != 0 && root.handle != kOurRoot &&
                          (root.kind == "htb" || root.kind == "mq");
    if (!has_tree) continue;
    SQUALL_TRY(facts.trees[root.interface], network->tree(root.interface));
  }
  SQUALL_TRY(facts.default_qdisc, site.networks.default_qdisc());
  if (site.held != nullptr) facts.held = site.held->in(site.space);
  return facts;
}

}  // namespace squall::faults
