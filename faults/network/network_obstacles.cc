#include "faults/network/network_obstacles.h"

#include <chrono>
#include <string>

#include "faults/spec/protected_peer.h"
#include "faults/spec/traffic.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using Direction = NetworkFault::Direction;

constexpr Duration kLongestJitter = 2s;  // netem keeps it in 31 bits of nanoseconds.

Error refused(const std::string& why) { return reason(std::errc::not_supported, why); }

/// What must be there for a fault.
struct Needs {
  explicit Needs(const NetworkFault& fault)
      : out(fault.direction != Direction::kIn),
        in(fault.direction != Direction::kOut),
        root(out && (shapes(fault) || loses(fault))),
        ifb(in && shapes(fault)) {}

  bool out;
  bool in;
  bool root;
  bool ifb;
};

}  // namespace

bool loses(const NetworkFault& fault) {
  return fault.partition || fault.loss || fault.loss_every.has_value();
}

bool shapes(const NetworkFault& fault) {
  return needs_netem(fault) || fault.rate_bits_per_second.has_value();
}

bool is_by_cgroup(const NetworkFault& fault) { return fault.of && fault.of->cgroup; }

bool stands_in_the_way(const HeldFault& other, const NetworkFault& fault) {
  return (!other.lets_pass() && may_meet_the_same(fault, other.fault)) ||
         clash_in_netem(fault, other.fault);
}

Result<void> check_protected(const NetworkFault& fault, const NetworkFacts& facts) {
  if (!facts.is_own_space) return {};
  if (const auto why = why_protected(fault, facts.protected_peers)) {
    return reason(std::errc::invalid_argument, *why);  // The words say all of it.
  }
  return {};
}

Result<void> check_capabilities(const NetworkFault& fault, const Capabilities& can) {
  const Needs needs(fault);
  const auto missing = [](const std::string& what, const std::string& why) {
    return refused("this kernel has no " + what + ", which " + why + " needs");
  };
  if (is_by_cgroup(fault)) {
    if (!can.cgroup) return missing("nftables socket cgroupv2", "a filter by cgroup");
    if (needs.in && shapes(fault)) {
      return refused(
          "what comes in is delayed, or slowed, before it is known whose it is: by cgroup it can "
          "only be lost or rejected");
    }
    if (fault.of->cgroup->find_first_of("\"\n") != std::string::npos ||
        fault.interface.find('"') != std::string::npos) {
      return refused("nftables cannot name what has quotation marks in its name");
    }
  } else if (fault.of) {
    return refused("the sockets of a service are found when the run has begun");
  }
  if (fault.reject) {
    return can.reject ? Result<void>() : missing("nftables reject", "reject");
  }
  if (needs.out && !is_by_cgroup(fault) && !can.egress)
    return missing("nftables hook netdev egress", "direction out");
  if (needs.in && !is_by_cgroup(fault) && !can.ingress)
    return missing("nftables hook netdev ingress", "direction in");
  if (needs.root && !can.htb) return missing("qdisc htb", describe_effect(fault));
  if (needs.out && loses(fault) && !can.blackhole) return missing("qdisc blackhole", "loss");
  if (shapes(fault) && needs_netem(fault) && !can.netem) {
    return missing("qdisc netem", describe_effect(fault));
  }
  if (needs.ifb && !can.htb) return missing("qdisc htb", describe_effect(fault));
  if (needs.ifb && !can.ifb) return missing("interfaces ifb", "direction in");
  if (needs.ifb && !can.forward) return missing("nftables fwd", "direction in");
  if (fault.jitter.value_or(Duration{}) > kLongestJitter) {
    return refused("netem's jitter is 2 s at most");
  }
  return {};
}

}  // namespace squall::faults
