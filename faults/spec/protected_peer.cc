#include "faults/spec/protected_peer.h"

#include <algorithm>
#include <utility>

#include "faults/spec/traffic.h"

namespace squall::faults {
namespace {

using Who = ProtectedPeer::Who;

bool has(const std::vector<std::uint16_t>& ports, std::uint16_t port) {
  return std::find(ports.begin(), ports.end(), port) != ports.end();
}

/// Of whom a filter by the port alone may mean another: a name server elsewhere is not met on lo,
/// and one on this machine nowhere else.
bool is_elsewhere(const ProtectedPeer& peer, const std::string& interface) {
  const bool is_here = peer.at.address.starts_with("127.") || peer.at.address == "::1";
  return peer.who == Who::kNameServer && is_here != (interface == "lo");
}

bool names_ssh(const TrafficFilter& side) {
  return side.transport.value_or("tcp") == "tcp" && has(side.ports, kSshPort);
}

std::string whose(const ProtectedPeer& peer) {
  const std::string address = peer.at.port == 0 ? peer.at.address : in_words(peer.at);
  switch (peer.who) {
    case Who::kCoordinator:
      return address +
             " is the coordinator's, which is protected: this agent must be able to speak with it";
    case Who::kNameServer:
      return address +
             " is a name server of this machine (/etc/resolv.conf), which is protected: names must "
             "go on being found";
    case Who::kGateway:
      return address +
             " is this machine's default gateway, which is protected: what is elsewhere is reached "
             "through it";
    case Who::kMetadata:
      return address + " is where a cloud tells a machine what it is, which is protected";
  }
  return address;
}

}  // namespace

std::vector<std::string> ProtectedPeer::transports() const {
  if (who == Who::kCoordinator) return {"tcp"};
  if (who == Who::kNameServer) return {"tcp", "udp"};
  return {};
}

ProtectedPeer metadata_service() { return {{"169.254.169.254", 0}, Who::kMetadata}; }

bool names(const TrafficFilter& side, const ProtectedPeer& peer) {
  const auto spoken = peer.transports();
  const bool is_spoken = !side.transport || spoken.empty() ||
                         std::find(spoken.begin(), spoken.end(), *side.transport) != spoken.end();
  if (!is_spoken) return false;
  const bool has_port = peer.at.port != 0 && has(side.ports, peer.at.port);
  if (peer.at.port != 0 && !side.ports.empty() && !has_port) return false;
  if (has_port && side.cidrs.empty()) return true;
  return std::any_of(side.cidrs.begin(), side.cidrs.end(), [&](const std::string& block) {
    return overlap(block, peer.at.address) && (has_port || is_one_address(block));
  });
}

std::optional<std::string> why_protected(const NetworkFault& fault,
                                         const std::vector<ProtectedPeer>& peers) {
  const std::vector<std::optional<TrafficFilter>> sides{fault.to, fault.from};
  for (const auto& side : sides) {
    if (side && names_ssh(*side)) {
      return "port 22 is SSH's, which is protected: one must be able to get in";
    }
  }
  for (const ProtectedPeer& peer : peers) {
    for (const auto& side : sides) {
      if (!side || !names(*side, peer)) continue;
      if (side->cidrs.empty() && is_elsewhere(peer, fault.interface)) continue;
      return whose(peer);
    }
  }
  return {};
}

}  // namespace squall::faults
