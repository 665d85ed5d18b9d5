#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faults/spec/protected_peer.h"

namespace squall::faults {

/// Whom this machine must be able to reach whatever happens, as it is set up now: its name servers,
/// its default gateways, and the metadata service of a cloud. What cannot be read names nobody.
std::vector<ProtectedPeer> own_peers();

// Pure; lines that make no sense are passed over.
/// The addresses after `nameserver` in a file such as /etc/resolv.conf.
std::vector<std::string> name_servers_in(std::string_view resolv_conf);
/// The default gateways of /proc/net/route,
std::vector<std::string> gateways_in(std::string_view routes);
/// and of /proc/net/ipv6_route.
std::vector<std::string> gateways_in_v6(std::string_view routes);

}  // namespace squall::faults
