#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <set>
#include <utility>

#include "faults/spec/signals.h"
#include "scenarios/parse/numbers.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using faults::FaultSpec;
using faults::ProcessFault;

const std::vector<std::string>& kinds() {
  static const std::vector<std::string> kKinds{
      "process", "network", "link", "quic", "cpu", "memory", "io", "disk_fill", "descriptors"};
  return kKinds;
}

/// True when the fault is over as soon as it is done.
bool is_momentary(const FaultSpec& fault) {
  const auto* process = std::get_if<ProcessFault>(&fault.what);
  if (process == nullptr) return false;
  if (process->action == ProcessFault::Action::kRestart) return true;
  return process->action == ProcessFault::Action::kSignal && process->signal != SIGSTOP;
}

std::string momentary_words(const FaultSpec& fault) {
  const auto& process = std::get<ProcessFault>(fault.what);
  if (process.action == ProcessFault::Action::kRestart) return "a restart";
  return "the signal " + faults::signal_name(process.signal);
}

/// "OTHER" or "OTHER + 10s".
void read_after(Reading& reading, const Node& node, FaultSpec& fault) {
  const std::string what = "fault " + fault.name;
  const std::size_t plus = node.is_scalar() ? node.text.find('+') : std::string::npos;
  Node name = node;
  name.text = std::string(trimmed(std::string_view(node.text).substr(0, plus)));
  fault.start.after = read_reference(reading, name, what, "fault", "faults");
  if (plus == std::string::npos) return;
  Node delay = node;
  delay.text = std::string(trimmed(std::string_view(node.text).substr(plus + 1)));
  fault.start.after_delay = read(reading, delay, kDuration).value_or(Duration::zero());
}

void read_start(Reading& reading, const MapReader& map, FaultSpec& fault) {
  map.exactly_one({"at", "after", "every"});
  map.set(fault.start.at, "at", kDuration);
  map.set(fault.start.every, "every", kPositiveDuration);
  if (const Node* after = map.find("after")) read_after(reading, *after, fault);
}

void read_length(const MapReader& map, FaultSpec& fault, bool kind_is_known) {
  map.set(fault.length, "for", kPositiveDuration);
  if (!kind_is_known) return;
  if (is_momentary(fault)) {
    if (map.find("for") != nullptr) {
      map.mistake_at("for", momentary_words(fault) +
                                " is done in a moment and cannot be undone: leave 'for' away"
                                " (a STOP has a length)");
    }
    if (map.find("pulse") != nullptr) {
      map.mistake_at("pulse", momentary_words(fault) +
                                  " has no length that could pulse: use 'every' to repeat it");
    }
    return;
  }
  map.require("for", "how long it lasts, such as 20s");
  if (fault.length && fault.start.every && *fault.length >= *fault.start.every) {
    map.mistake_at("every", "it comes again before it has ended: expected more than 'for'");
  }
}

/// To switch what the kernel does takes it some milliseconds.
constexpr Duration kShortestPulse = std::chrono::milliseconds(10);

void read_pulse(Reading& reading, const Node& node, const std::string& what, FaultSpec& fault) {
  faults::Pulse pulse;
  const MapReader map(reading, node, what + ".pulse", {"on", "off"});
  map.set_required(pulse.on, "on", kPositiveDuration);
  map.set_required(pulse.off, "off", kPositiveDuration);
  if (fault.length && pulse.on >= *fault.length && pulse.off > Duration::zero()) {
    map.mistake_at("on", "it is on for as long as the fault lasts: it would never be off");
  }
  for (const auto& [key, part] : {std::pair("on", pulse.on), std::pair("off", pulse.off)}) {
    if (part <= Duration::zero() || part >= kShortestPulse) continue;
    map.mistake_at(key, "a fault cannot be switched so fast: expected 10ms at least");
  }
  fault.pulse = pulse;
}

/// Reads what the fault does; false when that is not told or told wrongly.
bool read_kind(Reading& reading, const MapReader& map, FaultSpec& fault) {
  const auto kind = map.exactly_one(kinds());
  if (!kind) return false;
  const Node& node = *map.find(*kind);
  if (*kind == "process") {
    auto process = read_process_fault(reading, node, map.what());
    const bool is_known = process.action != ProcessFault::Action::kSignal || process.signal != 0;
    fault.what = std::move(process);
    return is_known;
  }
  if (*kind == "link") {
    fault.what = read_link_fault(reading, node, map.what());
    return true;
  }
  if (*kind == "quic") {
    fault.what = read_quic_fault(reading, node, map.what());
    return true;
  }
  if (*kind == "network") {
    fault.what = read_network_fault(reading, node, map.what());
    return true;
  }
  fault.what = read_pressure_fault(reading, node, *kind, map.what());
  return true;
}

void read_fault(Reading& reading, const std::string& name, const Node& node) {
  FaultSpec fault;
  fault.name = name;
  const std::string what = "fault " + name;
  std::vector<std::string> keys{"at", "after", "every", "for", "pulse", "on", "autonomous"};
  keys.insert(keys.end(), kinds().begin(), kinds().end());
  const MapReader map(reading, node, what, keys);
  if (map.is_map()) {
    read_start(reading, map, fault);
    const bool kind_is_known = read_kind(reading, map, fault);
    read_length(map, fault, kind_is_known);
    if (const Node* pulse = map.find("pulse")) {
      read_pulse(reading, *pulse, what, fault);
      if (!std::holds_alternative<faults::LinkFault>(fault.what) &&
          !std::holds_alternative<faults::NetworkFault>(fault.what)) {
        reading.not_yet(*pulse, "faults." + name + ".pulse");
      }
    }
    if (const Node* on = map.find("on")) {
      fault.on = read_labels(reading, *on, what);
    }
    map.set(fault.autonomous, "autonomous", kBoolean);
    if (fault.autonomous && kind_is_known && !fault.length) {
      reading.mistakes.add(map.find("autonomous")->place,
                           what + ": it is over in a moment, and cannot cut anybody off");
    }
  }
  reading.scenario.faults.push_back(std::move(fault));
}

/// Tells each ring of faults that wait for each other, once, at its first member in the file.
void check_rings(Reading& reading, const Node& section) {
  std::set<std::string> done;
  for (const FaultSpec& fault : reading.scenario.faults) {
    std::vector<std::string> path;
    const FaultSpec* now = &fault;
    while (now != nullptr && now->start.after && done.count(now->name) == 0) {
      const auto seen = std::find(path.begin(), path.end(), now->name);
      if (seen != path.end()) {
        std::string ring;
        for (auto step = seen; step != path.end(); ++step) ring += *step + " after ";
        ring += *seen;
        const Node* node = section.find(*seen);
        const Node* after = node == nullptr ? nullptr : node->find("after");
        reading.mistakes.add(after == nullptr ? section.place : after->place,
                             "fault " + *seen + ": it waits for itself: " + ring);
        break;
      }
      path.push_back(now->name);
      now = reading.scenario.find_fault(*now->start.after);
    }
    done.insert(path.begin(), path.end());
  }
}

/// A fault that comes again and again has no one end to wait for.
void check_chains(Reading& reading, const Node& section) {
  for (const FaultSpec& fault : reading.scenario.faults) {
    if (!fault.start.after) continue;
    const FaultSpec* other = reading.scenario.find_fault(*fault.start.after);
    if (other == nullptr || !other->start.every) continue;
    const Node* after = section.find(fault.name)->find("after");
    reading.mistakes.add(after->place, "fault " + fault.name + ": " + in_quotes(other->name) +
                                           " comes again and again ('every'): there is no end to"
                                           " wait for");
  }
}

/// All faults of one link are carried out by one relay, which listens at one address.
void check_listens(Reading& reading, const Node& section) {
  std::map<std::string, std::string> known;
  for (const FaultSpec& fault : reading.scenario.faults) {
    const auto* link = std::get_if<faults::LinkFault>(&fault.what);
    if (link == nullptr || !link->listen) continue;
    const auto [first, is_new] = known.try_emplace(link->target, *link->listen);
    if (is_new || first->second == *link->listen) continue;
    const Node* listen = section.find(fault.name)->find("link")->find("listen");
    reading.mistakes.add(listen->place, "fault " + fault.name + ": the relay of target " +
                                            link->target + " listens at " + first->second +
                                            " already");
  }
}

/// "9443" of "127.0.0.1:9443".
std::string port_of(const std::string& endpoint) {
  return endpoint.substr(endpoint.rfind(':') + 1);
}

/// Whether a service says that one of its instances listens at `port`: in the URL by which it is
/// seen to be ready, or at the end of an argument such as 127.0.0.1:8080.
bool says_port(const ServiceSpec& service, const std::string& port) {
  const auto is_named = [&](const std::string& text) {
    return text.ends_with(":" + port) || text.find(":" + port + "/") != std::string::npos;
  };
  constexpr std::uint64_t kMostLookedAt = 1000;
  for (std::uint64_t one = 1; one <= std::min(service.count, kMostLookedAt); ++one) {
    const auto says = [&](const std::string& text) {
      return is_named(expand_for_instance(text, one));
    };
    if (service.ready && says(service.ready->url)) return true;
    if (std::any_of(service.command.begin(), service.command.end(), says)) return true;
  }
  return false;
}

/// What a relay listens at must be free: no service, and no target of this machine, has it.
void check_free(Reading& reading, const Node& section) {
  for (const FaultSpec& fault : reading.scenario.faults) {
    const auto* link = std::get_if<faults::LinkFault>(&fault.what);
    if (link == nullptr || !link->listen) continue;
    const std::string port = port_of(*link->listen);
    std::string whose;
    for (const ServiceSpec& service : reading.scenario.services) {
      if (says_port(service, port)) whose = "service " + service.name + " listens";
    }
    for (const generators::TargetSpec& target : reading.scenario.targets) {
      for (const generators::Url& url : target.urls) {
        const bool is_here =
            url.host.starts_with("127.") || url.host == "::1" || url.host == "localhost";
        if (whose.empty() && is_here && std::to_string(url.port) == port) {
          whose = "target " + target.name + " is";
        }
      }
    }
    if (whose.empty()) continue;
    const Node* listen = section.find(fault.name)->find("link")->find("listen");
    std::string mistake = "fault " + fault.name + ": ";
    mistake += whose + " at port ";
    mistake += port + ": expected a port that is free, or no 'listen'";
    reading.mistakes.add(listen->place, mistake);
  }
}

}  // namespace

void read_faults(Reading& reading, const Node& section) {
  for_each_named(reading, section, "fault", [&](const std::string& name, const Node& node) {
    read_fault(reading, name, node);
  });
  check_rings(reading, section);
  check_chains(reading, section);
  check_listens(reading, section);
  check_free(reading, section);
}

}  // namespace squall::scenarios
