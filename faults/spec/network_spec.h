#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "faults/spec/link_spec.h"
#include "faults/spec/process_match.h"
#include "harness/base/units.h"

namespace squall::faults {

/// One side of the packets that a network fault touches; empty lists mean all.
struct TrafficFilter {
  std::vector<std::string> cidrs;  ///< IPv4 or IPv6 addresses, or blocks such as 10.0.0.0/8.
  std::vector<std::uint16_t> ports;
  std::optional<std::string> transport;  ///< "tcp", "udp" or "icmp".
};

/// Whose packets a network fault meets. Exactly one of these is given.
struct TrafficOwner {
  /// The sockets of the processes of this group of version 2, or below it: "web.slice/web.service".
  std::optional<std::string> cgroup;
  /// A service of the scenario ("web") or one of its instances ("web.1"): by the group that it is
  /// in, where it has one of its own, else by the ports on which it listens.
  std::optional<std::string> service;
};

/// Something done to the packets of one interface, by the kernel.
struct NetworkFault {
  enum class Direction { kOut, kIn, kBoth };
  std::string interface;
  std::optional<std::string> namespace_name;  ///< In this one of `ip netns`, else
  std::optional<ProcessMatch> namespace_of;   ///< in that of this process, else in the agent's.
  Direction direction = Direction::kOut;
  /// The packets' destination and source as they go out or come in. For kBoth as they go out:
  /// what comes in is met as the answer to that, with the two sides changed.
  std::optional<TrafficFilter> to;
  std::optional<TrafficFilter> from;
  std::optional<TrafficOwner> of;  ///< None: everybody's.
  std::optional<Duration> delay;
  std::optional<Duration> jitter;
  Impairment::Distribution distribution = Impairment::Distribution::kUniform;
  bool in_order = true;  ///< False: packets overtake each other as jitter has it.
  std::optional<Share> loss;
  std::optional<GilbertElliott> gilbert_elliott;  ///< Instead of `loss`,
  std::optional<std::uint64_t> loss_every;        ///< or each n-th packet is lost.
  std::optional<Share> duplicate;
  std::optional<Share> corrupt;
  std::optional<Share> reorder;  ///< Packets that are not delayed: they overtake.
  std::optional<double> rate_bits_per_second;
  bool partition = false;             ///< Nothing passes, and nothing is said.
  std::optional<std::string> reject;  ///< "reset" or "unreachable".
};

}  // namespace squall::faults
