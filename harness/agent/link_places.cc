#include "harness/agent/link_places.h"

#include <cstddef>
#include <string>
#include <utility>
#include <variant>

namespace squall::agent {
namespace {

using generators::Protocol;
using generators::TargetSpec;

/// The first link fault of a target that says where to listen, else the first; null: it has none.
const faults::LinkFault* link_fault_of(const scenarios::Scenario& scenario,
                                       const std::string& target) {
  const faults::LinkFault* found = nullptr;
  for (const faults::FaultSpec& fault : scenario.faults) {
    const auto* link = std::get_if<faults::LinkFault>(&fault.what);
    if (link == nullptr || link->target != target) continue;
    if (link->listen) return link;
    if (found == nullptr) found = link;
  }
  return found;
}

Result<std::vector<faults::SocketAddress>> addresses_of(const TargetSpec& target,
                                                        const generators::Url& url) {
  const auto fixed = target.resolve.find(url.host);
  if (fixed == target.resolve.end()) return faults::resolve_address(url.host, url.port);
  std::vector<faults::SocketAddress> addresses;
  for (const std::string& text : fixed->second) {
    SQUALL_TRY(auto address, faults::make_address(text, url.port));
    addresses.push_back(address);
  }
  return addresses;
}

}  // namespace

Result<std::vector<faults::LinkPlace>> places_of_links(const scenarios::Scenario& scenario) {
  std::vector<faults::LinkPlace> places;
  for (const TargetSpec& target : scenario.targets) {
    const faults::LinkFault* fault = link_fault_of(scenario, target.name);
    if (fault == nullptr) continue;
    for (const generators::Url& url : target.urls) {
      faults::LinkPlace place;
      place.target = target.name;
      auto upstream = addresses_of(target, url);
      if (!upstream) return std::move(upstream).error().within("link to target " + target.name);
      place.upstream = *std::move(upstream);
      if (fault->listen) {
        SQUALL_TRY(place.listen, faults::parse_address(*fault->listen));
      }
      place.relays_tcp = target.protocol != Protocol::kH3;
      place.relays_udp = target.protocol == Protocol::kH3 || target.protocol == Protocol::kAuto;
      places.push_back(std::move(place));
    }
  }
  return places;
}

void lead_through(const std::vector<faults::SocketAddress>& relays,
                  const scenarios::Scenario& scenario, std::vector<TargetSpec>& targets) {
  std::size_t next = 0;
  for (TargetSpec& target : targets) {
    if (link_fault_of(scenario, target.name) == nullptr) continue;
    for (generators::Url& url : target.urls) {
      const faults::SocketAddress& relay = relays.at(next++);
      url.relay = generators::Relay{.address = relay.address(), .port = relay.port()};
    }
  }
}

}  // namespace squall::agent
