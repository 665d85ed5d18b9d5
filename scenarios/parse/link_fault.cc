#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

#include "scenarios/parse/impairment.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using faults::Impairment;
using faults::LinkFault;
using generators::Protocol;
using generators::TargetSpec;

constexpr Kind<bool> kBlackHole{"true, false or udp", parse_boolean};

const std::vector<std::string>& impairment_keys() {
  static const std::vector<std::string> kKeys{
      "delay",   "jitter",  "distribution", "in_order", "loss", "gilbert_elliott", "duplicate",
      "corrupt", "reorder", "rate",         "queue",    "mtu",  "slice",           "slice_gap"};
  return kKeys;
}

/// Each of these alone is something that a link does.
const std::vector<std::string>& effects() {
  static const std::vector<std::string> kEffects{
      "delay",       "loss",      "gilbert_elliott", "duplicate",  "corrupt",
      "rate",        "mtu",       "slice",           "up",         "down",
      "black_hole",  "half_open", "refuse",          "slow_close", "reset_after",
      "rebind_every"};
  return kEffects;
}

/// "127.0.0.1:9443" or "[::1]:9443": an address which only this machine reaches.
Parsed<std::string> parse_listen(std::string_view text) {
  const auto wrong = [&] {
    return Parsed<std::string>::no("'" + std::string(text) +
                                   "' is not an address of this machine's loopback with its port,"
                                   " such as 127.0.0.1:9443");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const bool is_loopback = host.starts_with("127.") || host == "::1";
  if (!is_loopback || !parse_address(host).value || !parse_port(text.substr(colon + 1)).value) {
    return wrong();
  }
  return Parsed<std::string>::ok(std::string(text));
}
constexpr Kind<std::string> kListen{"an address such as 127.0.0.1:9443", parse_listen};

/// Reads one way's keys over what `base` has.
Impairment read_impairment(Reading& reading, const MapReader& map, const Impairment& base) {
  using Distribution = Impairment::Distribution;
  Impairment way = base;
  map.set(way.delay, "delay", kPositiveDuration);
  map.set(way.jitter, "jitter", kPositiveDuration);
  map.set_word(way.distribution, "distribution", "distribution",
               {{"uniform", Distribution::kUniform},
                {"normal", Distribution::kNormal},
                {"pareto", Distribution::kPareto}});
  map.set(way.in_order, "in_order", kBoolean);
  map.at_most_one({"loss", "gilbert_elliott"});
  if (map.find("loss") != nullptr) way.gilbert_elliott.reset();
  map.set(way.loss, "loss", kPositiveShare);
  if (const Node* chain = map.find("gilbert_elliott")) {
    way.loss = {};
    way.gilbert_elliott = read_gilbert_elliott(reading, *chain, map.what() + ".gilbert_elliott");
  }
  map.set(way.duplicate, "duplicate", kPositiveShare);
  map.set(way.corrupt, "corrupt", kPositiveShare);
  map.set(way.reorder, "reorder", kPositiveShare);
  map.set(way.rate_bits_per_second, "rate", kBandwidth);
  map.set(way.queue, "queue", kSize);
  map.set(way.mtu, "mtu", kSize);
  map.set(way.slice, "slice", kSize);
  map.set(way.slice_gap, "slice_gap", kPositiveDuration);
  check_delays(map, "datagrams");
  const auto needs = [&](const char* key, const char* other, const char* why) {
    if (map.find(key) != nullptr) map.require(other, why);
  };
  needs("queue", "rate", "the rate for which it waits");
  needs("slice_gap", "slice", "the size of a slice");
  if (map.find("jitter") != nullptr && map.find("delay") != nullptr && way.jitter > way.delay) {
    map.mistake_at("jitter",
                   "'jitter' is more than 'delay': bytes cannot arrive before they leave");
  }
  return way;
}

/// "64KiB" or "5s".
void read_reset_after(Reading& reading, const Node& node, LinkFault& fault) {
  if (node.is_scalar() && (node.text.ends_with('B') || node.text.ends_with('b'))) {
    fault.reset_after_bytes = read(reading, node, kSize);
  } else {
    fault.reset_after = read(reading, node,
                             Kind<Duration>{"a duration such as 5s, or a size such"
                                            " as 64KiB",
                                            parse_duration});
  }
}

/// "true", "false", or "udp": of datagrams alone.
void read_black_hole(const MapReader& map, const TargetSpec* target, LinkFault& fault) {
  const Node* node = map.find("black_hole");
  if (node == nullptr || !node->is_scalar() || node->text != "udp") {
    map.set(fault.black_hole, "black_hole", kBlackHole);
    return;
  }
  fault.black_hole = fault.spares_streams = true;
  if (target == nullptr || target->protocol == Protocol::kH3 ||
      target->protocol == Protocol::kAuto) {
    return;
  }
  map.mistake_at("black_hole",
                 "'black_hole: udp' is for datagrams, but TCP is spoken to target " + fault.target);
}

/// In a black hole nothing passes that something else could be done to; of datagrams alone, TCP
/// still does.
void check_black_hole(const MapReader& map, const LinkFault& fault) {
  if (!fault.black_hole || fault.spares_streams) return;
  std::vector<std::string> others = impairment_keys();
  others.insert(others.end(), {"up", "down", "slow_close", "rebind_every"});
  for (const std::string& key : others) {
    if (map.find(key) == nullptr) continue;
    map.mistake_at(key, "nothing passes with 'black_hole': leave '" + key + "' away");
  }
}

/// What TCP hides from those that speak over it, and what there is only in TCP.
void check_transport(const MapReader& map, Protocol protocol, const std::string& target) {
  const auto refuse = [&](std::initializer_list<const char*> keys, const char* why) {
    for (const char* key : keys) {
      if (map.find(key) == nullptr) continue;
      map.mistake_at(key, "'" + std::string(key) + "' " + why + target);
    }
  };
  if (protocol == Protocol::kH3) {
    refuse({"slice", "slice_gap", "slow_close", "reset_after", "half_open", "refuse"},
           "is for TCP, but HTTP/3 over UDP is spoken to target ");
  } else if (protocol != Protocol::kAuto) {
    refuse({"duplicate", "corrupt", "reorder", "in_order", "mtu", "rebind_every"},
           "is for datagrams, but TCP, which hides it, is spoken to target ");
  }
}

}  // namespace

faults::LinkFault read_link_fault(Reading& reading, const Node& node, const std::string& what) {
  LinkFault fault;
  const std::string here = what + ".link";
  std::vector<std::string> keys{"target",    "listen", "up",         "down",        "black_hole",
                                "half_open", "refuse", "slow_close", "reset_after", "rebind_every"};
  keys.insert(keys.end(), impairment_keys().begin(), impairment_keys().end());
  const MapReader map(reading, node, here, keys);
  if (!map.is_map()) return fault;
  const generators::TargetSpec* target = nullptr;
  if (const Node* name = map.require("target", "the name of a target")) {
    fault.target = read_reference(reading, *name, here, "target", "targets").value_or("");
    target = reading.scenario.find_target(fault.target);
  }
  map.set(fault.listen, "listen", kListen);
  fault.up = fault.down = read_impairment(reading, map, {});
  if (target != nullptr) check_transport(map, target->protocol, fault.target);
  for (const auto& [key, way] : {std::pair("up", &fault.up), std::pair("down", &fault.down)}) {
    const Node* one = map.find(key);
    if (one == nullptr) continue;
    const MapReader one_way(reading, *one, here + "." + key, impairment_keys());
    if (!one_way.is_map()) continue;
    *way = read_impairment(reading, one_way, *way);
    if (target != nullptr) check_transport(one_way, target->protocol, fault.target);
  }
  read_black_hole(map, target, fault);
  map.set(fault.half_open, "half_open", kBoolean);
  map.set(fault.refuse, "refuse", kBoolean);
  map.at_most_one({"black_hole", "half_open", "refuse"});
  check_black_hole(map, fault);
  map.set(fault.slow_close, "slow_close", kPositiveDuration);
  if (const Node* after = map.find("reset_after")) read_reset_after(reading, *after, fault);
  map.set(fault.rebind_every, "rebind_every", kPositiveDuration);
  const auto is_given = [&](const std::string& key) { return map.find(key) != nullptr; };
  if (std::none_of(effects().begin(), effects().end(), is_given) && !is_given("jitter") &&
      !is_given("reorder")) {
    map.exactly_one(effects());  // Tells that none of them is there, unless one is misspelt.
  }
  if (fault.listen && target != nullptr && target->urls.size() > 1) {
    map.mistake_at("listen", "target " + fault.target + " has " +
                                 std::to_string(target->urls.size()) +
                                 " URLs, each with a relay of its own: leave 'listen' away");
  }
  return fault;
}

}  // namespace squall::scenarios
