#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <string>
#include <system_error>

#include "faults/spec/container_name.h"
#include "faults/spec/signals.h"
#include "harness/base/nearest.h"
#include "scenarios/parse/numbers.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using faults::Pick;
using faults::ProcessFault;
using faults::ProcessMatch;

constexpr std::string_view kPick = "a count, a share such as 50%, or all";
constexpr Kind<std::uint64_t> kPickCount{kPick, [](std::string_view text) {
                                           auto count = parse_count(text);
                                           if (!count.value) count.mistake = is_not(text, kPick);
                                           return count;
                                         }};
constexpr std::uint64_t kGreatestPid = 4'194'304;  // PID_MAX_LIMIT in linux/threads.h.
constexpr std::size_t kLongestProcessName = 15;    // TASK_COMM_LEN in linux/sched.h, less its zero.

/// A count, a share, or "all".
Pick read_pick(Reading& reading, const Node& node, const std::string& what,
               const ProcessMatch& match) {
  Pick pick;
  if (node.is_scalar() && node.text == "all") return pick;
  if (node.is_scalar() && node.text.ends_with('%')) {
    pick.share = read(reading, node, kShare);
    if (pick.share && pick.share->value <= 0) {
      reading.mistakes.add(node.place, what + ": '0%' picks none: expected more");
    }
    return pick;
  }
  pick.count = read(reading, node, kPickCount);
  if (!pick.count || !match.service) return pick;
  const bool is_one = match.service->find('.') != std::string::npos;
  const ServiceSpec* service = reading.scenario.find_service(*match.service);
  const std::uint64_t there = is_one ? 1 : (service == nullptr ? *pick.count : service->count);
  if (*pick.count > there) {
    reading.mistakes.add(node.place, what + ": picks " + std::to_string(*pick.count) + " of " +
                                         std::to_string(there) + ": service " + *match.service +
                                         " has no more");
  }
  return pick;
}

void read_signal(const MapReader& map, ProcessFault& fault, Reading& reading) {
  const Node* node = map.find("signal");
  if (node == nullptr) return;
  const auto text = read(reading, *node, Kind<std::string>{"a signal such as KILL", parse_line});
  if (!text) return;
  const auto signal = faults::signal_number(*text);
  if (signal) {
    fault.signal = *signal;
    return;
  }
  int number = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (failure == std::errc{} && end == text->data() + text->size() && number >= 1 &&
      number <= SIGRTMAX) {
    fault.signal = number;
    return;
  }
  std::string upper = *text;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  if (upper.starts_with("SIG")) upper.erase(0, 3);
  const std::string near = nearest(upper, faults::signal_names());
  map.mistake(node->place, "unknown signal " + in_quotes(*text) +
                               (near.empty() ? ": expected one such as KILL, TERM, STOP or HUP"
                                             : ", did you mean '" + near + "'?"));
}

/// Each of these must leave some processes of the machine out.
void check_groups(const MapReader& map, const ProcessMatch& match) {
  if (match.unit && (match.unit->find('/') != std::string::npos || *match.unit == "-.slice")) {
    map.mistake_at("unit", in_quotes(*match.unit) + " is no unit such as nginx.service");
  }
  if (match.cgroup) {
    const std::string whole = "/" + *match.cgroup + "/";
    if (whole.find("/../") != std::string::npos) {
      map.mistake_at("cgroup",
                     in_quotes(*match.cgroup) + " leaves its place: expected a path without '..'");
    } else if (match.cgroup->find_first_not_of('/') == std::string::npos) {
      map.mistake_at("cgroup", "the root holds every process: expected a group such as web.slice");
    }
  }
  if (match.container && !faults::is_container_name(*match.container)) {
    map.mistake_at("container", in_quotes(*match.container) +
                                    " is no container: expected an id, or 6 digits of it or more,"
                                    " a name such as web-1, or POD/CONTAINER");
  }
}

}  // namespace

faults::ProcessMatch read_process_match(Reading& reading, const Node& node,
                                        const std::string& what) {
  ProcessMatch match;
  const std::vector<std::string> ways{"service",   "pid",  "pid_file", "name",     "command_line",
                                      "listening", "unit", "cgroup",   "container"};
  const MapReader map(reading, node, what, ways);
  map.exactly_one(ways);
  if (const Node* service = map.find("service")) {
    match.service = read_service_name(reading, *service, what);
  }
  map.set(match.pid, "pid", kCount);
  map.set(match.pid_file, "pid_file", kLine);
  map.set(match.name, "name", kLine);
  map.set(match.command_line, "command_line", kLine);
  map.set(match.listening, "listening", kPort);
  map.set(match.unit, "unit", kLine);
  map.set(match.cgroup, "cgroup", kLine);
  map.set(match.container, "container", kLine);
  if (match.pid && *match.pid > kGreatestPid) {
    map.mistake_at("pid", in_quotes(std::to_string(*match.pid)) +
                              " can be no pid: expected one of 1 to " +
                              std::to_string(kGreatestPid));
  }
  if (match.name && match.name->size() > kLongestProcessName) {
    map.mistake_at("name", in_quotes(*match.name) +
                               " is longer than the 15 characters that the kernel keeps of a"
                               " process's name: use command_line");
  }
  check_groups(map, match);
  return match;
}

faults::ProcessFault read_process_fault(Reading& reading, const Node& node,
                                        const std::string& what) {
  using Action = ProcessFault::Action;
  ProcessFault fault;
  const std::string here = what + ".process";
  const MapReader map(reading, node, here, {"action", "signal", "match", "pick"});
  if (!map.is_map()) return fault;
  map.set_word(
      fault.action, "action", "action",
      {{"signal", Action::kSignal}, {"restart", Action::kRestart}, {"hang", Action::kHang}});
  if (map.find("action") == nullptr || fault.action == Action::kSignal) {
    map.require("signal", "a signal such as KILL, or 'action: restart'");
    read_signal(map, fault, reading);
  } else if (map.find("signal") != nullptr) {
    map.mistake_at("signal", "only the action 'signal' has one: leave it away");
  }
  if (const Node* match = map.require("match", "which process, such as {service: web}")) {
    fault.match = read_process_match(reading, *match, here + ".match");
    if (fault.action == Action::kRestart && match->is_map() && match->find("service") == nullptr) {
      map.mistake_at("match",
                     "only a service of this scenario can be restarted: expected"
                     " {service: NAME}");
    }
  }
  if (const Node* pick = map.find("pick")) {
    fault.pick = read_pick(reading, *pick, here, fault.match);
  }
  return fault;
}

}  // namespace squall::scenarios
