#include "faults/network/nft_rules.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "faults/network/traffic_control.h"
#include "faults/spec/traffic.h"

namespace squall::faults {
namespace {

using Json = nlohmann::ordered_json;
using Kind = NftVerdict::Kind;
using Family = NftRule::Family;
using Hook = NftChain::Hook;

constexpr std::uint64_t kParts = 1'000'000;  // Of a share.

std::uint64_t parts_of(double share) {
  return static_cast<std::uint64_t>(std::llround(share * static_cast<double>(kParts)));
}

Json match(Json left, Json right, const char* op = "==") {
  return {{"match", {{"op", op}, {"left", std::move(left)}, {"right", std::move(right)}}}};
}

Json payload(const char* protocol, const char* field) {
  return {{"payload", {{"protocol", protocol}, {"field", field}}}};
}

Json address(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return text;
  return {
      {"prefix", {{"addr", text.substr(0, slash)}, {"len", std::stoi(text.substr(slash + 1))}}}};
}

Json set_of(const std::vector<std::string>& addresses) {
  Json elements = Json::array();
  for (const std::string& one : addresses) elements.push_back(address(one));
  return {{"set", std::move(elements)}};
}

const char* hook_text(Hook hook) {
  switch (hook) {
    case Hook::kEgress:
      return "egress";
    case Hook::kIngress:
      return "ingress";
    case Hook::kOutput:
      return "output";
    case Hook::kInput:
      return "input";
  }
  return "";
}

bool is_of_device(Hook hook) { return hook == Hook::kEgress || hook == Hook::kIngress; }

/// The interface is the chain's own, or has to be matched.
std::optional<Json> interface_match(const NftChain& chain) {
  if (is_of_device(chain.hook)) return {};
  const char* key = chain.hook == Hook::kOutput ? "oifname" : "iifname";
  return match({{"meta", {{"key", key}}}}, chain.interface);
}

void add_verdict(Json& statements, const NftVerdict& verdict) {
  if (verdict.kind != Kind::kSpare) statements.push_back({{"counter", nullptr}});
  switch (verdict.kind) {
    case Kind::kCount:
    case Kind::kSpare:
      statements.push_back({{"accept", nullptr}});
      break;
    case Kind::kClassify:
      statements.push_back(
          {{"mangle", {{"key", {{"meta", {{"key", "priority"}}}}}, {"value", verdict.class_id}}}});
      statements.push_back({{"accept", nullptr}});
      break;
    case Kind::kForward:
      statements.push_back({{"fwd", {{"dev", verdict.interface}}}});
      break;
    case Kind::kDrop:
      statements.push_back({{"drop", nullptr}});
      break;
    case Kind::kReset:
      statements.push_back({{"reject", {{"type", "tcp reset"}}}});
      break;
    case Kind::kUnreachable:
      statements.push_back({{"reject", {{"type", "icmpx"}, {"expr", "port-unreachable"}}}});
      break;
  }
}

/// Of ICMPv6, RFC 4861 §4.
const std::vector<std::string>& neighbour_messages() {
  static const std::vector<std::string> kTypes{"nd-router-solicit", "nd-router-advert",
                                               "nd-neighbor-solicit", "nd-neighbor-advert"};
  return kTypes;
}

Json statements_of(const NftChain& chain, const NftRule& rule) {
  Json statements = Json::array();
  if (auto interface = interface_match(chain)) statements.push_back(*std::move(interface));
  const char* ip = rule.family == Family::kV6 ? "ip6" : "ip";
  if (!rule.from.empty()) statements.push_back(match(payload(ip, "saddr"), set_of(rule.from)));
  if (!rule.to.empty()) statements.push_back(match(payload(ip, "daddr"), set_of(rule.to)));
  if (!rule.transports.empty()) {
    statements.push_back(match({{"meta", {{"key", "l4proto"}}}}, {{"set", rule.transports}}));
  }
  if (!rule.from_ports.empty()) {
    statements.push_back(match(payload("th", "sport"), {{"set", rule.from_ports}}));
  }
  if (!rule.to_ports.empty()) {
    statements.push_back(match(payload("th", "dport"), {{"set", rule.to_ports}}));
  }
  if (rule.finds_neighbours && rule.family == Family::kV6) {
    statements.push_back(match(payload("icmpv6", "type"), {{"set", neighbour_messages()}}));
  } else if (rule.finds_neighbours) {
    statements.push_back(match({{"meta", {{"key", "protocol"}}}}, "arp"));
  }
  if (rule.every > 0) {
    statements.push_back(match({{"numgen", {{"mode", "inc"}, {"mod", rule.every}}}}, 0));
  } else if (rule.share < 1) {
    statements.push_back(
        match({{"numgen", {{"mode", "random"}, {"mod", kParts}}}}, parts_of(rule.share), "<"));
  }
  add_verdict(statements, rule.verdict);
  return statements;
}

Json table_object(const NftTable& table) {
  return {{"family", table.family}, {"name", table.name}};
}

Json command(const char* verb, const char* what, Json object) {
  Json inner = Json::object();
  inner[what] = std::move(object);
  Json outer = Json::object();
  outer[verb] = std::move(inner);
  return outer;
}

std::string commands(std::vector<Json> list) {
  Json all = Json::object();
  all["nftables"] = std::move(list);
  return all.dump();
}

template <typename T>
std::string braces(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) {
    text += text.empty() ? "" : ", ";
    if constexpr (std::is_integral_v<T>) {
      text += std::to_string(value);
    } else {
      text += value;
    }
  }
  return values.size() == 1 ? text : "{ " + text + " }";
}

std::string verdict_text(const NftVerdict& verdict) {
  switch (verdict.kind) {
    case Kind::kCount:
      return "counter accept";
    case Kind::kSpare:
      return "accept";
    case Kind::kClassify:
      return "counter meta priority set " + handle_text(verdict.class_id) + " accept";
    case Kind::kForward:
      return "counter fwd to \"" + verdict.interface + "\"";
    case Kind::kDrop:
      return "counter drop";
    case Kind::kReset:
      return "counter reject with tcp reset";
    case Kind::kUnreachable:
      return "counter reject with icmpx type port-unreachable";
  }
  return "";
}

/// How far below the root a control group is.
std::ptrdiff_t level_of(const std::string& cgroup) {
  return 1 + std::count(cgroup.begin(), cgroup.end(), '/');
}

bool is_v6(const std::string& cidr) { return cidr.find(':') != std::string::npos; }

std::vector<std::string> of_family(const std::vector<std::string>& cidrs, bool v6) {
  std::vector<std::string> some;
  std::copy_if(cidrs.begin(), cidrs.end(), std::back_inserter(some),
               [&](const std::string& one) { return is_v6(one) == v6; });
  return some;
}

std::vector<std::string> transports_of(const TrafficFilter& to, const TrafficFilter& from) {
  const auto& named = to.transport ? to.transport : from.transport;
  if (named == "icmp") return {"icmp", "ipv6-icmp"};
  if (named) return {*named};
  if (!to.ports.empty() || !from.ports.empty()) return {"tcp", "udp"};
  return {};
}

Json objects_in(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_object()) return Json::array();
  const auto list = parsed.find("nftables");
  return list != parsed.end() && list->is_array() ? *list : Json::array();
}

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string text_in(const Json& object, const char* key) {
  const Json* found = member(object, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::string json_to_add(const NftTable& table) {
  return commands({command("add", "table", table_object(table))});
}

std::string json_to_add(const NftTable& table, const std::vector<NftChain>& chains) {
  std::vector<Json> list;
  for (const NftChain& chain : chains) {
    Json object = {{"family", table.family}, {"table", table.name},           {"name", chain.name},
                   {"type", "filter"},       {"hook", hook_text(chain.hook)}, {"prio", 0}};
    if (is_of_device(chain.hook)) object["dev"] = chain.interface;
    object["policy"] = "accept";
    list.push_back(command("add", "chain", std::move(object)));
    for (const NftRule& rule : chain.rules) {
      Json added = {{"family", table.family},
                    {"table", table.name},
                    {"chain", chain.name},
                    {"comment", rule.name},
                    {"expr", statements_of(chain, rule)}};
      list.push_back(command("add", "rule", std::move(added)));
    }
  }
  return commands(std::move(list));
}

std::string text_to_add(const NftTable& table, const std::vector<NftChain>& chains) {
  std::string text;
  for (const NftChain& chain : chains) {
    text += nft_text(table, chain) + "\n";
    for (const NftRule& rule : chain.rules) {
      text += "add rule " + table.family + " " + table.name + " " + chain.name + " " +
              nft_text(chain, rule) + " comment \"" + rule.name + "\"\n";
    }
  }
  return text;
}

std::string json_to_delete(const NftTable& table) {
  return commands({command("delete", "table", table_object(table))});
}

std::string json_to_empty(const NftTable& table) {
  return commands({command("delete", "table", table_object(table)),
                   command("add", "table", table_object(table))});
}

std::string json_to_list_tables() { return commands({command("list", "tables", nullptr)}); }

std::string json_to_list(const NftTable& table) {
  return commands({command("list", "table", table_object(table))});
}

std::string nft_text(const NftChain& chain, const NftRule& rule) {
  std::string text;
  const auto add = [&](const std::string& piece) { text += piece + " "; };
  if (!is_of_device(chain.hook)) {
    add(std::string(chain.hook == Hook::kOutput ? "oifname" : "iifname") + " \"" + chain.interface +
        "\"");
  }
  const std::string ip = rule.family == Family::kV6 ? "ip6" : "ip";
  if (!rule.from.empty()) add(ip + " saddr " + braces(rule.from));
  if (!rule.to.empty()) add(ip + " daddr " + braces(rule.to));
  if (!rule.transports.empty()) add("meta l4proto " + braces(rule.transports));
  if (!rule.from_ports.empty()) add("th sport " + braces(rule.from_ports));
  if (!rule.to_ports.empty()) add("th dport " + braces(rule.to_ports));
  if (rule.finds_neighbours) {
    add(rule.family == Family::kV6 ? "icmpv6 type " + braces(neighbour_messages())
                                   : "meta protocol arp");
  }
  if (!rule.cgroup.empty()) {
    add("socket cgroupv2 level " + std::to_string(level_of(rule.cgroup)) + " \"" + rule.cgroup +
        "\"");
  }
  if (rule.every > 0) {
    add("numgen inc mod " + std::to_string(rule.every) + " 0");
  } else if (rule.share < 1) {
    add("numgen random mod " + std::to_string(kParts) + " < " +
        std::to_string(parts_of(rule.share)));
  }
  return text + verdict_text(rule.verdict);
}

std::string nft_text(const NftTable& table, const NftChain& chain) {
  const std::string device =
      is_of_device(chain.hook) ? " device \"" + chain.interface + "\"" : std::string();
  return "add chain " + table.family + " " + table.name + " " + chain.name +
         " { type filter hook " + hook_text(chain.hook) + device + " priority 0; policy accept; }";
}

std::vector<NftTable> read_our_tables(std::string_view json) {
  std::vector<NftTable> tables;
  for (const Json& object : objects_in(json)) {
    const Json* table = member(object, "table");
    if (table == nullptr) continue;
    NftTable one{text_in(*table, "family"), text_in(*table, "name")};
    if (one.name.starts_with(kTablePrefix)) tables.push_back(std::move(one));
  }
  return tables;
}

std::vector<RuleCount> read_counts(std::string_view json) {
  std::vector<RuleCount> counts;
  for (const Json& object : objects_in(json)) {
    const Json* rule = member(object, "rule");
    const Json* statements = rule == nullptr ? nullptr : member(*rule, "expr");
    if (statements == nullptr || !statements->is_array()) continue;
    for (const Json& statement : *statements) {
      const Json* counter = member(statement, "counter");
      const Json* packets = counter == nullptr ? nullptr : member(*counter, "packets");
      if (packets == nullptr || !packets->is_number_unsigned()) continue;
      const Json* bytes = member(*counter, "bytes");
      const bool has_bytes = bytes != nullptr && bytes->is_number_unsigned();
      counts.push_back({text_in(*rule, "comment"), packets->get<std::uint64_t>(),
                        has_bytes ? bytes->get<std::uint64_t>() : 0});
    }
  }
  return counts;
}

std::vector<NftRule> rules_for(const NetworkFault& fault, bool swapped) {
  TrafficFilter to = fault.to.value_or(TrafficFilter{});
  TrafficFilter from = fault.from.value_or(TrafficFilter{});
  if (swapped) std::swap(to, from);
  NftRule rule;
  rule.transports = transports_of(to, from);
  rule.to_ports = to.ports;
  rule.from_ports = from.ports;
  if (fault.of) rule.cgroup = without_slashes_around(fault.of->cgroup.value_or(""));
  if (to.cidrs.empty() && from.cidrs.empty()) return {rule};
  std::vector<NftRule> rules;
  for (const bool v6 : {false, true}) {
    rule.family = v6 ? Family::kV6 : Family::kV4;
    rule.to = of_family(to.cidrs, v6);
    rule.from = of_family(from.cidrs, v6);
    // One side names addresses, but none of this family: nothing of it is meant.
    if (rule.to.empty() != to.cidrs.empty() || rule.from.empty() != from.cidrs.empty()) continue;
    rules.push_back(rule);
  }
  return rules;
}

}  // namespace squall::faults
