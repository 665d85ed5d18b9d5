#include "reports/judge/returns.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <variant>

#include "reports/measure/warnings.h"

namespace squall::reports {
namespace {

using faults::FaultSpec;
using scenarios::Scenario;

/// A connection that was refused is told of a moment later.
constexpr Duration kToldWithin = std::chrono::seconds(1);

/// "web.1: 3 processes killed; web.2: …" and "web.1 restarted and ready" tell of web.1.
bool tells_of(const std::string& seen, const std::string& instance) {
  for (std::size_t at = seen.find(instance); at != std::string::npos;
       at = seen.find(instance, at + 1)) {
    const std::size_t end = at + instance.size();
    const bool begins = at == 0 || seen[at - 1] == ' ';
    if (begins && end < seen.size() && (seen[end] == ':' || seen[end] == ' ')) return true;
  }
  return false;
}

bool ends_services(const FaultSpec& spec) {
  return std::holds_alternative<faults::ProcessFault>(spec.what) && !spec.length;
}

bool has_port(const std::string& text, const std::string& port) {
  for (std::size_t at = text.find(port); at != std::string::npos; at = text.find(port, at + 1)) {
    const std::size_t end = at + port.size();
    const auto is_digit = [&](std::size_t place) {
      return place < text.size() && text[place] >= '0' && text[place] <= '9';
    };
    if (at > 0 && text[at - 1] == ':' && !is_digit(end)) return true;
  }
  return false;
}

/// Does the command of a service, or what is asked whether it is ready, name this port?
bool listens_on(const scenarios::ServiceSpec& service, const std::string& port) {
  for (std::uint64_t instance = 1; instance <= service.count; ++instance) {
    const auto names_it = [&](const std::string& text) {
      return has_port(scenarios::expand_for_instance(text, instance), port);
    };
    if (std::any_of(service.command.begin(), service.command.end(), names_it)) return true;
    if (service.ready && names_it(service.ready->url)) return true;
  }
  return false;
}

bool is_of_target(const Scenario& scenario, const std::string& target,
                  const std::string& authority) {
  const auto* spec = scenario.find_target(target);
  return spec != nullptr && std::any_of(spec->urls.begin(), spec->urls.end(), [&](const auto& url) {
           return url.authority() == authority;
         });
}

bool may_meet(const std::optional<faults::TrafficFilter>& side, const std::string& port) {
  return !side || side->ports.empty() ||
         std::any_of(side->ports.begin(), side->ports.end(),
                     [&](std::uint16_t one) { return std::to_string(one) == port; });
}

/// Is the fault about this address?
bool is_about(const FaultSpec& spec, const Scenario& scenario, const std::string& authority) {
  const std::string port = authority.substr(authority.rfind(':') + 1);
  if (const auto* link = std::get_if<faults::LinkFault>(&spec.what)) {
    return is_of_target(scenario, link->target, authority);
  }
  if (const auto* quic = std::get_if<faults::QuicFault>(&spec.what)) {
    const auto* load = scenario.find_load(quic->load);
    return load != nullptr && is_of_target(scenario, load->target, authority);
  }
  if (const auto* network = std::get_if<faults::NetworkFault>(&spec.what)) {
    return may_meet(network->to, port) && may_meet(network->from, port);
  }
  if (const auto* process = std::get_if<faults::ProcessFault>(&spec.what)) {
    if (process->match.listening) return std::to_string(*process->match.listening) == port;
    if (!process->match.service) return false;
    const std::string& name = *process->match.service;
    const auto* service = scenario.find_service(name.substr(0, name.rfind('.')));
    return service != nullptr && listens_on(*service, port);
  }
  return false;
}

/// When what the fault did was over; none: never.
std::optional<Duration> over_at(const FaultRecord& fault, const FaultSpec& spec,
                                const std::vector<Event>& events) {
  if (!ends_services(spec)) return fault.to;
  std::optional<Duration> last;
  for (const Event& event : events) {
    if (event.kind != "service.exited" || event.at < *fault.from ||
        !tells_of(fault.seen, event.subject)) {
      continue;
    }
    const auto back = ready_again(fault, events);
    const auto found = back.find(event.subject);
    if (found == back.end()) return std::nullopt;
    last = std::max(last.value_or(Duration::zero()), *fault.from + found->second);
  }
  for (const auto& [instance, after] : ready_again(fault, events)) {
    last = std::max(last.value_or(Duration::zero()), *fault.from + after);
  }
  return last ? last : fault.to;
}

}  // namespace

std::map<std::string, Duration> ready_again(const FaultRecord& fault,
                                            const std::vector<Event>& events) {
  std::map<std::string, Duration> back;
  if (!fault.from) return back;
  for (const Event& event : events) {
    if (event.kind != "service.restarted" || event.at < *fault.from) continue;
    if (!tells_of(fault.seen, event.subject)) continue;
    const Duration after = event.at - *fault.from;
    const auto [known, is_new] = back.emplace(event.subject, after);
    if (!is_new) known->second = std::min(known->second, after);
  }
  return back;
}

std::optional<std::string> fault_behind(const Event& warning, const RunRecord& record) {
  std::string_view text = warning.detail;
  if (warning.kind != "warning" || !text.starts_with(kNoConnectionTo)) return std::nullopt;
  text.remove_prefix(kNoConnectionTo.size());
  const std::string authority(text.substr(0, text.find(": ")));
  for (const FaultRecord& fault : record.faults) {
    const FaultSpec* spec = record.scenario.find_fault(fault.name);
    if (spec == nullptr || !fault.from || warning.at < *fault.from) continue;
    if (!is_about(*spec, record.scenario, authority)) continue;
    const auto over = over_at(fault, *spec, record.events);
    if (!over || warning.at <= *over + kToldWithin) return fault.label;
  }
  return std::nullopt;
}

}  // namespace squall::reports
