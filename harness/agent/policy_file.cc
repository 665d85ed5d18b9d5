// How a policy is written down: YAML, with the values of scenarios.
#include <utility>

#include "harness/agent/policy.h"
#include "harness/base/files.h"
#include "harness/trust/identity.h"
#include "scenarios/parse/document.h"
#include "scenarios/parse/reader.h"
#include "scenarios/parse/yaml.h"

namespace squall::agent {
namespace {

using scenarios::Kind;
using scenarios::MapReader;
using scenarios::Node;
using scenarios::Parsed;

Parsed<std::string> parse_kind(std::string_view text) {
  for (const char* kind :
       {"process", "network", "link", "quic", "cpu", "memory", "io", "disk_fill", "descriptors"}) {
    if (text == kind) return Parsed<std::string>::ok(kind);
  }
  return Parsed<std::string>::no(scenarios::in_quotes(text) + " is no kind of fault");
}

Parsed<std::string> parse_name(std::string_view text) {
  if (trust::is_name(text)) return Parsed<std::string>::ok(std::string(text));
  return Parsed<std::string>::no(scenarios::in_quotes(text) + " is no name of a coordinator");
}

constexpr Kind<std::string> kFaultKind{"a kind of fault such as process", parse_kind};
constexpr Kind<std::string> kCoordinator{"the name of a coordinator", parse_name};

void read_faults(scenarios::Reading& reading, const Node& node, Policy& policy) {
  const MapReader map(reading, node, "faults",
                      {"kinds", "interfaces", "processes", "longest", "delay", "loss", "rate"});
  if (const Node* kinds = map.find("kinds")) {
    policy.kinds = read_list(reading, *kinds, kFaultKind);
  }
  if (const Node* interfaces = map.find("interfaces")) {
    policy.interfaces = read_list(reading, *interfaces, scenarios::kLine);
  }
  if (const Node* processes = map.find("processes")) {
    policy.processes = read_list(reading, *processes, scenarios::kLine);
  }
  map.set(policy.longest, "longest", scenarios::kPositiveDuration);
  map.set(policy.delay, "delay", scenarios::kDuration);
  map.set(policy.loss, "loss", scenarios::kShare);
  map.set(policy.rate_bits_per_second, "rate", scenarios::kBandwidth);
}

void read_root(scenarios::Reading& reading, const Node& root, Policy& policy) {
  const MapReader map(reading, root, "policy", {"coordinators", "load", "faults"});
  if (const Node* coordinators = map.find("coordinators")) {
    policy.coordinators = read_list(reading, *coordinators, kCoordinator);
  }
  if (const Node* load = map.find("load")) {
    const MapReader part(reading, *load, "load", {"to"});
    if (const Node* to = part.find("to")) {
      policy.load_to = read_list(reading, *to, scenarios::kAddressBlock);
    }
  }
  if (const Node* faults = map.find("faults")) read_faults(reading, *faults, policy);
}

}  // namespace

Result<Policy> Policy::parse(std::string_view text, const std::string& source) {
  Policy policy;
  auto read = scenarios::read_document(text, source,
                                       [&policy](scenarios::Reading& reading, const Node& root) {
                                         if (root.kind != Node::Kind::kNothing)
                                           read_root(reading, root, policy);
                                       });
  if (!read) return std::move(read).error();
  return policy;
}

Result<Policy> Policy::read(const std::string& file) {
  SQUALL_TRY(const std::string text, read_file(file, scenarios::kMostText + 1));
  return parse(text, file);
}

}  // namespace squall::agent
