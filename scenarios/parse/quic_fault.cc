#include <algorithm>
#include <iterator>
#include <string>
#include <variant>
#include <vector>

#include <arpa/inet.h>

#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using generators::Protocol;
using generators::TargetSpec;

/// The target of a load; null where either is not known.
const TargetSpec* target_of(const Scenario& scenario, const std::string& load) {
  const auto found = std::find_if(scenario.loads.begin(), scenario.loads.end(),
                                  [&](const auto& known) { return known.name == load; });
  return found == scenario.loads.end() ? nullptr : scenario.find_target(found->target);
}

constexpr Duration kMostDelay = std::chrono::seconds(10);
constexpr std::uint64_t kMostDatagram = 65'507;  // What UDP over IPv4 can carry.

/// Servers on ngtcp2 1.11 (the embedded target, gtlsserver) hand out a connection ID too many after
/// a migration that follows a rebind, at whatever distance, and close with
/// CONNECTION_ID_LIMIT_ERROR. So it is one of the two in all faults of a load.
void refuse_both_on_a_shared_socket(const Reading& reading, const MapReader& map,
                                    const faults::QuicFault& fault, const TargetSpec* target) {
  if (target == nullptr || !target->quic.shares_socket) return;
  const bool rebinds = map.find("rebind") != nullptr;
  const bool migrates = map.find("migrate") != nullptr;
  const std::string why = " with 'shared_socket: true' of target " + target->name +
                          ": expected one of the two, or a socket for each connection";
  if (rebinds && migrates) {
    map.mistake_at("migrate", "'rebind' and 'migrate' do not go together" + why);
    return;
  }
  if (!rebinds && !migrates) return;
  for (const faults::FaultSpec& other : reading.scenario.faults) {
    const auto* quic = std::get_if<faults::QuicFault>(&other.what);
    if (quic == nullptr || quic->load != fault.load) continue;
    if (rebinds ? !quic->migrate_every : !quic->rebind_every) continue;
    map.mistake_at(
        rebinds ? "rebind" : "migrate",
        std::string(rebinds ? "'rebind' and the 'migrate'" : "'migrate' and the 'rebind'") +
            " of fault " + other.name + " do not go together for load " + fault.load + why);
    return;
  }
}

/// True for what no connection can have as its own address: none in particular, or many.
bool is_nobodys(const std::string& address) {
  in6_addr room{};
  if (inet_pton(AF_INET, address.c_str(), &room) == 1) {
    const auto* bytes = std::begin(room.s6_addr);
    constexpr int kMulticast = 0xe0;
    const auto all_are = [&](int value) {
      return std::all_of(bytes, bytes + 4, [&](int byte) { return byte == value; });
    };
    return all_are(0) || all_are(0xff) || (bytes[0] & 0xf0) == kMulticast;
  }
  if (inet_pton(AF_INET6, address.c_str(), &room) != 1) return false;
  return room.s6_addr[0] == 0xff || std::all_of(std::begin(room.s6_addr), std::end(room.s6_addr),
                                                [](int byte) { return byte == 0; });
}

/// One address or a list of them.
std::vector<std::string> read_addresses(Reading& reading, const Node& node) {
  std::vector<std::string> addresses;
  const auto add = [&](const Node& one) {
    auto address = read(reading, one, kAddress);
    if (!address) return;
    if (is_nobodys(*address)) {
      reading.mistakes.add(one.place, in_quotes(*address) +
                                          " is no address that a connection can come from: "
                                          "expected one of this machine, such as 127.0.0.2");
      return;
    }
    addresses.push_back(*std::move(address));
  };
  if (node.is_list()) {
    if (node.items.empty()) {
      reading.mistakes.add(node.place, "expected addresses of this machine, such as [127.0.0.2]");
    }
    for (const Node& one : node.items) add(one);
  } else {
    add(node);
  }
  return addresses;
}

}  // namespace

faults::QuicFault read_quic_fault(Reading& reading, const Node& node, const std::string& what) {
  faults::QuicFault fault;
  const std::string here = what + ".quic";
  const MapReader map(
      reading, node, here,
      {"load", "rebind", "migrate", "key_update", "loss", "duplicate", "reorder", "delay", "mtu"});
  if (!map.is_map()) return fault;
  const TargetSpec* target = nullptr;
  if (const Node* name = map.require("load", "the name of a load")) {
    fault.load = read_reference(reading, *name, here, "load", "load").value_or("");
    target = target_of(reading.scenario, fault.load);
    if (target != nullptr && target->protocol != Protocol::kH3 &&
        target->protocol != Protocol::kAuto) {
      map.mistake_at("load", "load " + fault.load + " speaks no QUIC: expected one whose target " +
                                 target->name + " has 'protocol: h3' or auto");
    }
  }
  if (const Node* rebind = map.find("rebind")) {
    const MapReader inner(reading, *rebind, here + ".rebind", {"every"});
    if (inner.is_map()) {
      inner.require("every", "how often, such as 2s");
      inner.set(fault.rebind_every, "every", kPositiveDuration);
    }
  }
  if (const Node* migrate = map.find("migrate")) {
    const MapReader inner(reading, *migrate, here + ".migrate", {"every", "to"});
    if (inner.is_map()) {
      inner.require("every", "how often, such as 2s");
      inner.set(fault.migrate_every, "every", kPositiveDuration);
      const Node* to = inner.require("to", "addresses of this machine, such as [127.0.0.2]");
      if (to != nullptr) fault.migrate_to = read_addresses(reading, *to);
    }
  }
  if (const Node* update = map.find("key_update")) {
    const MapReader inner(reading, *update, here + ".key_update", {"every"});
    if (inner.is_map()) {
      inner.require("every", "how often, such as 2s");
      inner.set(fault.update_keys_every, "every", kPositiveDuration);
    }
  }
  refuse_both_on_a_shared_socket(reading, map, fault, target);
  map.set(fault.loss, "loss", kPositiveShare);
  map.set(fault.duplicate, "duplicate", kPositiveShare);
  map.set(fault.reorder, "reorder", kPositiveShare);
  map.set(fault.delay, "delay", kPositiveDuration);
  if (fault.delay > kMostDelay) {
    map.mistake_at("delay", "delay " + in_quotes(map.find("delay")->text) +
                                " is too long: expected at most 10s");
  }
  map.set(fault.mtu, "mtu", kSize);
  if (fault.mtu && (fault.mtu->count == 0 || fault.mtu->count > kMostDatagram)) {
    map.mistake_at("mtu", "mtu " + in_quotes(map.find("mtu")->text) + ": expected 1B to 65507B");
  }
  const std::vector<std::string> effects{"rebind",    "migrate", "key_update", "loss",
                                         "duplicate", "reorder", "delay",      "mtu"};
  if (std::none_of(effects.begin(), effects.end(),
                   [&](const std::string& key) { return map.find(key) != nullptr; })) {
    map.exactly_one(effects);  // Tells that none of them is there, unless one is misspelt.
  }
  return fault;
}

}  // namespace squall::scenarios
