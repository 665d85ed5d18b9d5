// Any bytes as /etc/resolv.conf, /proc/net/route and /proc/net/ipv6_route: whom they name has an
// address, of which a rule can be made, and a filter that names it is refused.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "faults/network/own_peers.h"
#include "faults/spec/protected_peer.h"
#include "faults/spec/traffic.h"

namespace {

using namespace squall::faults;  // NOLINT(google-build-using-namespace): a program of one file.

void require(bool holds) {
  if (!holds) std::abort();
}

void look_at(const std::vector<std::string>& addresses, ProtectedPeer::Who who) {
  for (const std::string& address : addresses) {
    require(is_one_address(address) && overlap(address, address));
    NetworkFault fault;
    fault.interface = address.starts_with("127.") || address == "::1" ? "lo" : "eth0";
    fault.to = TrafficFilter{{address}, {}, {}};
    require(why_protected(fault, {{{address, 0}, who}}).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  look_at(name_servers_in(text), ProtectedPeer::Who::kNameServer);
  look_at(gateways_in(text), ProtectedPeer::Who::kGateway);
  look_at(gateways_in_v6(text), ProtectedPeer::Who::kGateway);
  return 0;
}
