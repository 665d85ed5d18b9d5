#include <algorithm>

#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using faults::NetworkFault;
using faults::TrafficFilter;

constexpr std::size_t kLongestInterface = 15;  // IFNAMSIZ in linux/if.h, less its zero.

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

void read_impairments(const MapReader& map, NetworkFault& fault) {
  map.set(fault.delay, "delay", kPositiveDuration);
  map.set(fault.jitter, "jitter", kPositiveDuration);
  map.set(fault.loss, "loss", kShare);
  map.set(fault.duplicate, "duplicate", kShare);
  map.set(fault.corrupt, "corrupt", kShare);
  map.set(fault.reorder, "reorder", kShare);
  map.set(fault.rate_bits_per_second, "rate", kBandwidth);
  if (map.find("distribution") != nullptr) {
    std::string distribution;
    map.set_word<std::string>(distribution, "distribution", "distribution",
                              {{"normal", "normal"}, {"pareto", "pareto"}, {"uniform", "uniform"}});
    fault.distribution = distribution;
  }
  if (map.find("jitter") != nullptr) map.require("delay", "the delay which the jitter is around");
  if (map.find("distribution") != nullptr) map.require("jitter", "how far the delays spread");
  if (map.find("reorder") != nullptr)
    map.require("delay", "a delay: what is reordered overtakes it");
  if (fault.delay && fault.jitter && *fault.jitter > *fault.delay) {
    map.mistake_at("jitter",
                   "'jitter' is more than 'delay': packets cannot arrive before they leave");
  }
}

}  // namespace

faults::NetworkFault read_network_fault(Reading& reading, const Node& node,
                                        const std::string& what) {
  using Direction = NetworkFault::Direction;
  NetworkFault fault;
  const std::string here = what + ".network";
  const std::vector<std::string> effects{"delay",   "loss", "duplicate", "corrupt",
                                         "reorder", "rate", "partition", "reject"};
  std::vector<std::string> keys{"interface", "namespace_of", "direction",   "to",
                                "from",      "jitter",       "distribution"};
  keys.insert(keys.end(), effects.begin(), effects.end());
  const MapReader map(reading, node, here, keys);
  if (!map.is_map()) return fault;
  map.set(fault.interface, "interface", kLine);
  if (fault.interface && (fault.interface->size() > kLongestInterface ||
                          fault.interface->find_first_of("/ ") != std::string::npos)) {
    map.mistake_at("interface", in_quotes(*fault.interface) + " is no name of an interface");
  }
  if (const Node* process = map.find("namespace_of")) {
    fault.namespace_of = read_process_match(reading, *process, here + ".namespace_of");
  }
  map.set_word(fault.direction, "direction", "direction",
               {{"out", Direction::kOut}, {"in", Direction::kIn}, {"both", Direction::kBoth}});
  if (const Node* to = map.find("to")) fault.to = read_filter(reading, *to, here + ".to");
  if (const Node* from = map.find("from")) fault.from = read_filter(reading, *from, here + ".from");
  read_impairments(map, fault);
  map.set(fault.partition, "partition", kBoolean);
  if (map.find("reject") != nullptr) {
    std::string reject;
    map.set_word<std::string>(reject, "reject", "way to reject",
                              {{"reset", "reset"}, {"unreachable", "unreachable"}});
    fault.reject = reject;
  }
  map.at_most_one({"partition", "reject"});
  const auto is_given = [&](const std::string& key) { return map.find(key) != nullptr; };
  if (std::none_of(effects.begin(), effects.end(), is_given) && map.find("jitter") == nullptr) {
    map.exactly_one(effects);  // Tells that none of them is there, unless one is misspelt.
  }
  return fault;
}

faults::PressureFault read_pressure_fault(Reading& reading, const Node& node,
                                          const std::string& resource, const std::string& what) {
  faults::PressureFault fault;
  fault.resource = resource;
  const std::string here = what + "." + resource;
  std::vector<std::string> keys;
  if (resource == "cpu") keys = {"share", "workers", "cgroup"};
  if (resource == "memory") keys = {"size", "share", "cgroup"};
  if (resource == "io") keys = {"path", "workers", "cgroup"};
  if (resource == "disk_fill") keys = {"path", "size", "share"};
  if (resource == "descriptors") keys = {"count", "share", "of"};
  const MapReader map(reading, node, here, keys);
  map.get("share", kShare);
  map.get("workers", kCount);
  map.get("size", kSize);
  map.get("count", kCount);
  map.get("path", kLine);
  map.get("cgroup", kLine);
  if (const Node* of = map.find("of")) read_process_match(reading, *of, here + ".of");
  if (map.is_map()) {
    if (resource == "cpu") map.require("share", kShare.expected);
    if (resource == "memory" || resource == "disk_fill") map.exactly_one({"size", "share"});
    if (resource == "io" || resource == "disk_fill") map.require("path", "a folder");
    if (resource == "descriptors") map.exactly_one({"count", "share"});
  }
  for (const Node::Entry& entry : node.entries) {
    if (entry.value.is_scalar()) fault.settings[entry.key] = entry.value.text;
  }
  return fault;
}

}  // namespace squall::scenarios
