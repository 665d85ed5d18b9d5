#include "faults/network/network_preparation.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "faults/network/held_faults.h"
#include "faults/network/network_obstacles.h"
#include "faults/network/our_marks.h"

namespace squall::faults {
namespace {

/// A fault that is ending may stand where the next one would, until all that it delayed has left.
/// So may one whose end is only due: of two that follow each other the later may be the faster.
bool is_to_be_waited_for(const HeldFault& other, const NetworkSite& site,
                         const NetworkFault& fault) {
  return other.undo.space == site.space && other.undo.interface_name == fault.interface &&
         other.is_due(std::chrono::steady_clock::now()) && stands_in_the_way(other, fault);
}

}  // namespace

std::string owner_in(const std::string& table) {
  return table.substr(kTablePrefix.size(), table.rfind('_') + 1 - kTablePrefix.size());
}

Result<Preparation> prepare(const NetworkSite& site, const NetworkFault& fault) {
  Preparation found;
  if (site.held->in(site.space).empty()) {
    SQUALL_TRY(const auto network, site.networks.open(site.space));
    SQUALL_TRY(found.marks, marks_in(*network, owner_in(std::string(kTablePrefix) + site.name)));
  }
  SQUALL_TRY(const auto facts, look_around(site, fault));
  SQUALL_TRY(found.plan, plan_network(fault, facts, site.name));
  found.plan.limits.insert(found.plan.limits.begin(), site.notes.begin(), site.notes.end());
  return found;
}

void wait_for_those_that_end(const NetworkSite& site, const NetworkFault& fault) {
  constexpr Duration kGoneWithin = 10 * kDrainWithin;  // With its probes, on a busy machine.
  site.held->wait_while_any(
      [&](const HeldFault& other) { return is_to_be_waited_for(other, site, fault); }, kGoneWithin);
}

bool has_to_wait(const NetworkSite& site, const NetworkFault& fault) {
  const auto here = site.held->in(site.space);
  return std::any_of(here.begin(), here.end(), [&](const HeldFault& other) {
    return is_to_be_waited_for(other, site, fault);
  });
}

}  // namespace squall::faults
