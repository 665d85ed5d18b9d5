#include <algorithm>
#include <chrono>
#include <utility>

#include "faults/spec/protected_peer.h"
#include "faults/spec/traffic.h"
#include "scenarios/parse/impairment.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using faults::NetworkFault;
using faults::TrafficFilter;

constexpr std::size_t kLongestInterface = 15;   // IFNAMSIZ in linux/if.h, less its zero.
constexpr std::size_t kLongestNamespace = 255;  // NAME_MAX: it is a file's name.
constexpr Duration kLongestJitter = std::chrono::seconds(2);  // netem's, in 31 bits of nanoseconds.

TrafficFilter read_filter(Reading& reading, const Node& node, const std::string& what) {
  TrafficFilter filter;
  const MapReader map(reading, node, what, {"cidr", "port", "transport"});
  if (const Node* cidr = map.find("cidr")) filter.cidrs = read_list(reading, *cidr, kAddressBlock);
  if (const Node* port = map.find("port")) filter.ports = read_list(reading, *port, kPort);
  if (map.find("transport") != nullptr) {
    std::string transport;
    map.set_word<std::string>(transport, "transport", "transport",
                              {{"tcp", "tcp"}, {"udp", "udp"}, {"icmp", "icmp"}});
    filter.transport = transport;
    if (transport == "icmp" && map.find("port") != nullptr) {
      map.mistake_at("port", "icmp has no ports: leave 'port' away");
    }
  }
  return filter;
}

void read_impairments(Reading& reading, const MapReader& map, NetworkFault& fault) {
  using Distribution = faults::Impairment::Distribution;
  map.set(fault.delay, "delay", kPositiveDuration);
  map.set(fault.jitter, "jitter", kPositiveDuration);
  map.set_word(fault.distribution, "distribution", "distribution",
               {{"normal", Distribution::kNormal},
                {"pareto", Distribution::kPareto},
                {"uniform", Distribution::kUniform}});
  map.set(fault.in_order, "in_order", kBoolean);
  map.at_most_one({"loss", "gilbert_elliott", "loss_every"});
  map.set(fault.loss, "loss", kPositiveShare);
  map.set(fault.loss_every, "loss_every", kCount);
  if (fault.loss_every == 1U) {
    map.mistake_at("loss_every",
                   "every packet would be lost: expected 2 or more, or"
                   " 'partition: true'");
  }
  if (const Node* chain = map.find("gilbert_elliott")) {
    fault.gilbert_elliott = read_gilbert_elliott(reading, *chain, map.what() + ".gilbert_elliott");
  }
  map.set(fault.duplicate, "duplicate", kPositiveShare);
  map.set(fault.corrupt, "corrupt", kPositiveShare);
  map.set(fault.reorder, "reorder", kPositiveShare);
  map.set(fault.rate_bits_per_second, "rate", kBandwidth);
  check_delays(map, "packets");
  if (fault.delay && fault.jitter && *fault.jitter > *fault.delay) {
    map.mistake_at("jitter",
                   "'jitter' is more than 'delay': packets cannot arrive before they leave");
  } else if (fault.jitter > kLongestJitter) {
    map.mistake_at("jitter", "netem's jitter is 2 s at most");
  }
}

/// Whether both name addresses, and none of the same family.
bool share_no_family(const std::vector<std::string>& one, const std::vector<std::string>& other) {
  const auto has = [](const std::vector<std::string>& cidrs, bool v6) {
    return std::any_of(cidrs.begin(), cidrs.end(), [&](const std::string& cidr) {
      return (cidr.find(':') != std::string::npos) == v6;
    });
  };
  if (one.empty() || other.empty()) return false;
  return !(has(one, false) && has(other, false)) && !(has(one, true) && has(other, true));
}

/// With these nothing passes that something else could be done to.
void check_alone(const MapReader& map, const std::vector<std::string>& effects) {
  for (const char* whole : {"partition", "reject"}) {
    if (map.find(whole) == nullptr) continue;
    for (const std::string& effect : effects) {
      if (effect == "partition" || effect == "reject" || map.find(effect) == nullptr) continue;
      map.mistake_at(
          effect, "nothing passes with '" + std::string(whole) + "': leave '" + effect + "' away");
    }
  }
}

/// Whether packets that it meets still arrive, but late or altered.
bool shapes(const NetworkFault& fault) {
  return fault.delay || fault.jitter || fault.gilbert_elliott || fault.duplicate || fault.corrupt ||
         fault.reorder || fault.rate_bits_per_second;
}

faults::TrafficOwner read_owner(Reading& reading, const Node& node, const std::string& what) {
  faults::TrafficOwner owner;
  const MapReader map(reading, node, what, {"cgroup", "service"});
  if (!map.is_map()) return owner;
  map.exactly_one({"cgroup", "service"});
  map.set(owner.cgroup, "cgroup", kLine);
  if (owner.cgroup && faults::without_slashes_around(*owner.cgroup).empty()) {
    map.mistake_at("cgroup", "all are in the root: leave 'of' away");
  }
  if (owner.cgroup && owner.cgroup->find('"') != std::string::npos) {
    map.mistake_at("cgroup", "nftables cannot name what has quotation marks in its name");
  }
  if (const Node* service = map.find("service")) {
    owner.service = read_service_name(reading, *service, what);
  }
  return owner;
}

/// What is protected on every machine, where the agent is reached.
void check_protected(const MapReader& map, const NetworkFault& fault) {
  if (map.find("namespace") != nullptr || map.find("namespace_of") != nullptr) return;
  for (const auto& [key, side] : {std::pair("to", &fault.to), std::pair("from", &fault.from)}) {
    NetworkFault only;
    only.interface = fault.interface;
    only.to = *side;
    if (const auto why = faults::why_protected(only, {faults::metadata_service()})) {
      map.mistake_at(key, *why);
    }
  }
}

/// Only TCP has resets.
void check_reset(const MapReader& map, const NetworkFault& fault) {
  if (fault.reject != "reset") return;
  for (const auto& side : {fault.to, fault.from}) {
    if (!side || side->transport.value_or("tcp") == "tcp") continue;
    map.mistake_at("reject", "only TCP knows a reset, and this is for " + *side->transport +
                                 ": did you mean 'reject: unreachable'?");
    return;
  }
}

void read_place(Reading& reading, const MapReader& map, NetworkFault& fault) {
  if (map.require("interface", "the name of an interface, such as eth0") != nullptr) {
    map.set(fault.interface, "interface", kLine);
  }
  const auto is_bad = [](const std::string& name, std::size_t longest) {
    return name.size() > longest || name.find_first_of("/ ") != std::string::npos || name == "." ||
           name == "..";
  };
  if (is_bad(fault.interface, kLongestInterface)) {
    map.mistake_at("interface", in_quotes(fault.interface) + " is no name of an interface");
  }
  map.at_most_one({"namespace", "namespace_of"});
  map.set(fault.namespace_name, "namespace", kLine);
  if (fault.namespace_name && is_bad(*fault.namespace_name, kLongestNamespace)) {
    map.mistake_at("namespace",
                   in_quotes(*fault.namespace_name) + " is no name of a network namespace");
  }
  if (const Node* process = map.find("namespace_of")) {
    fault.namespace_of = read_process_match(reading, *process, map.what() + ".namespace_of");
  }
}

}  // namespace

faults::NetworkFault read_network_fault(Reading& reading, const Node& node,
                                        const std::string& what) {
  using Direction = NetworkFault::Direction;
  NetworkFault fault;
  const std::string here = what + ".network";
  const std::vector<std::string> effects{"delay",     "loss",    "gilbert_elliott", "loss_every",
                                         "duplicate", "corrupt", "reorder",         "rate",
                                         "partition", "reject"};
  std::vector<std::string> keys{"interface", "namespace", "namespace_of", "direction", "to", "from",
                                "of",        "jitter",    "distribution", "in_order"};
  keys.insert(keys.end(), effects.begin(), effects.end());
  const MapReader map(reading, node, here, keys);
  if (!map.is_map()) return fault;
  read_place(reading, map, fault);
  map.set_word(fault.direction, "direction", "direction",
               {{"out", Direction::kOut}, {"in", Direction::kIn}, {"both", Direction::kBoth}});
  if (const Node* to = map.find("to")) fault.to = read_filter(reading, *to, here + ".to");
  if (const Node* from = map.find("from")) fault.from = read_filter(reading, *from, here + ".from");
  if (const Node* of = map.find("of")) fault.of = read_owner(reading, *of, here + ".of");
  if (fault.to && fault.from && fault.to->transport && fault.from->transport &&
      fault.to->transport != fault.from->transport) {
    map.mistake_at("from", "'to' and 'from' name different transports: no packet has both");
  }
  if (fault.to && fault.from && share_no_family(fault.to->cidrs, fault.from->cidrs)) {
    map.mistake_at("from",
                   "'to' and 'from' name addresses of different families, one of IPv4 and one of"
                   " IPv6: no packet has both");
  }
  read_impairments(reading, map, fault);
  map.set(fault.partition, "partition", kBoolean);
  if (map.find("partition") != nullptr && !fault.partition) {
    map.mistake_at("partition", "'partition: false' does nothing: leave it away");
  }
  if (map.find("reject") != nullptr) {
    std::string reject;
    map.set_word<std::string>(reject, "reject", "way to reject",
                              {{"reset", "reset"}, {"unreachable", "unreachable"}});
    fault.reject = reject;
  }
  map.at_most_one({"partition", "reject"});
  check_reset(map, fault);
  check_protected(map, fault);
  if (fault.of && fault.of->cgroup && fault.direction != Direction::kOut && shapes(fault)) {
    map.mistake_at("of",
                   "what comes in is delayed before it is known whose it is: by cgroup it can be "
                   "lost or rejected, or else 'direction: out'");
  }
  check_alone(map, effects);
  const auto is_given = [&](const std::string& key) { return map.find(key) != nullptr; };
  if (std::none_of(effects.begin(), effects.end(), is_given) && !is_given("jitter")) {
    map.exactly_one(effects);  // Tells that none of them is there, unless one is misspelt.
  }
  return fault;
}

}  // namespace squall::scenarios
