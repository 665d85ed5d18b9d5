#include "scenarios/plan/phrases.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "faults/spec/signals.h"

namespace squall::scenarios {
namespace {

/// "1 of 2 of service web (seeded pick)".
std::string picked(const faults::ProcessFault& fault, const Scenario& scenario) {
  const std::string whom = victims(fault.match);
  const ServiceSpec* service =
      fault.match.service ? scenario.find_service(*fault.match.service) : nullptr;
  const std::string of = service == nullptr ? "" : std::to_string(service->count) + " of ";
  if (fault.pick.share) return in_words(*fault.pick.share) + " of " + whom + " (seeded pick)";
  // One instance, or the one process of a pid or a pid file: there is no choice.
  const bool is_one_process = fault.match.pid || fault.match.pid_file;
  if ((fault.match.service && service == nullptr) || is_one_process) return whom;
  if (!fault.pick.count) return (service == nullptr ? "all " : "all of ") + whom;
  const bool is_all = service != nullptr && *fault.pick.count == service->count;
  return std::to_string(*fault.pick.count) + " of " + of + whom + (is_all ? "" : " (seeded pick)");
}

std::string process_words(const faults::ProcessFault& fault, const Scenario& scenario) {
  using Action = faults::ProcessFault::Action;
  const std::string whom = picked(fault, scenario);
  if (fault.action == Action::kRestart) return "restart " + whom;
  if (fault.action == Action::kHang) return "hang " + whom;
  return "signal " + faults::signal_name(fault.signal) + " to " + whom;
}

std::string filter_words(const faults::TrafficFilter& filter) {
  std::string text;
  const auto add = [&](const std::string& piece) { text += (text.empty() ? "" : " ") + piece; };
  if (filter.transport) add(*filter.transport);
  for (const std::string& cidr : filter.cidrs) add(cidr);
  for (const std::uint16_t port : filter.ports) add("port " + std::to_string(port));
  return text;
}

std::string network_words(const faults::NetworkFault& fault) {
  std::string text;
  const auto add = [&](const std::string& piece) { text += (text.empty() ? "" : ", ") + piece; };
  if (fault.delay) {
    constexpr std::array kSpread{"", " (normal)", " (pareto)"};
    add("delay " + in_words(*fault.delay) +
        (fault.jitter ? " +/- " + in_words(*fault.jitter) +
                            kSpread.at(static_cast<std::size_t>(fault.distribution)) +
                            (fault.in_order ? "" : " out of order")
                      : std::string{}));
  }
  if (fault.loss_every) add("loss of 1 packet in " + std::to_string(*fault.loss_every));
  if (fault.gilbert_elliott) {
    add("loss in bursts, " + in_words(fault.gilbert_elliott->average()) + " in all");
  }
  if (fault.loss) add("loss " + in_words(*fault.loss));
  if (fault.duplicate) add("duplicate " + in_words(*fault.duplicate));
  if (fault.corrupt) add("corrupt " + in_words(*fault.corrupt));
  if (fault.reorder) add("reorder " + in_words(*fault.reorder));
  if (fault.rate_bits_per_second) add("rate " + number(*fault.rate_bits_per_second) + " bit/s");
  if (fault.partition) add("partition");
  if (fault.reject) add("reject with " + *fault.reject);
  text += " on " + place_of(fault);
  constexpr std::array kDirections{", outgoing", ", incoming", ", both ways"};
  text += kDirections.at(static_cast<std::size_t>(fault.direction));
  if (fault.to) text += ", to " + filter_words(*fault.to);
  if (fault.from) text += ", from " + filter_words(*fault.from);
  if (fault.of && fault.of->cgroup) text += ", of cgroup " + *fault.of->cgroup;
  if (fault.of && fault.of->service) text += ", of service " + *fault.of->service;
  return text;
}

}  // namespace

std::string victims(const faults::ProcessMatch& match) {
  if (match.service) {
    const bool is_one = match.service->find('.') != std::string::npos;
    return (is_one ? "instance " : "service ") + *match.service;
  }
  if (match.pid) return "process " + std::to_string(*match.pid);
  if (match.pid_file) return "the process of pid file " + *match.pid_file;
  if (match.name) return "processes named " + *match.name;
  if (match.command_line) return "processes whose command line holds '" + *match.command_line + "'";
  if (match.listening) return "processes listening on port " + std::to_string(*match.listening);
  if (match.unit) return "unit " + *match.unit;
  if (match.cgroup) return "cgroup " + *match.cgroup;
  if (match.container) return "container " + *match.container;
  return "nothing";
}

std::string place_of(const faults::NetworkFault& fault) {
  std::string text = fault.interface;
  if (fault.namespace_name) text += " in network namespace " + *fault.namespace_name;
  if (fault.namespace_of) text += " in the network namespace of " + victims(*fault.namespace_of);
  return text;
}

std::string number(double value) {
  constexpr std::size_t kRoom = 32;
  std::array<char, kRoom> text{};
  const char* form = std::abs(value) >= 1e6 ? "%.0f" : "%.6g";
  const int length = std::snprintf(text.data(), text.size(), form, value);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string in_words(Duration length) {
  constexpr Duration kDay = std::chrono::hours(24);
  const double seconds = to_seconds(length);
  if (length == Duration::zero()) return "0 s";
  if (length < std::chrono::milliseconds(1)) return number(seconds * 1e6) + " us";
  if (length < std::chrono::seconds(1)) return number(seconds * 1e3) + " ms";
  if (length < std::chrono::minutes(2)) return number(seconds) + " s";
  if (length >= 2 * kDay && length % kDay == Duration::zero()) {
    return std::to_string(length / kDay) + " d";
  }
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(length);
  const Duration rest = length - minutes;
  return std::to_string(minutes.count()) + " min" +
         (rest == Duration::zero() ? "" : " " + number(to_seconds(rest)) + " s");
}

std::string in_words(Rate rate) { return number(rate.per_second) + "/s"; }

std::string in_words(Share share) { return number(share.value * 100) + " %"; }

std::string what_happens(const faults::FaultSpec& fault, const Scenario& scenario) {
  std::string text;
  if (const auto* process = std::get_if<faults::ProcessFault>(&fault.what)) {
    text = process_words(*process, scenario);
  } else if (const auto* network = std::get_if<faults::NetworkFault>(&fault.what)) {
    text = "network: " + network_words(*network);
  } else if (const auto* link = std::get_if<faults::LinkFault>(&fault.what)) {
    text = link_words(*link);
  } else if (const auto* pressure = std::get_if<faults::PressureFault>(&fault.what)) {
    text = pressure_words(*pressure);
  } else if (const auto* quic = std::get_if<faults::QuicFault>(&fault.what)) {
    text = quic_words(*quic);
  }
  if (fault.pulse) {
    text += ", " + in_words(fault.pulse->on) + " on and " + in_words(fault.pulse->off) + " off";
  }
  return text;
}

std::string how_it_is_sent(const generators::LoadSpec& load) {
  if (const auto* closed = std::get_if<generators::ClosedSpec>(&load.schedule)) {
    std::string text = std::to_string(closed->users) + (closed->users == 1 ? " user" : " users");
    if (closed->think.mean > Duration::zero()) {
      constexpr std::array kDistributions{"",          " (exponential)", " (uniform)",
                                          " (normal)", " (lognormal)",   " (pareto)"};
      text += ", thinking " + in_words(closed->think.mean) +
              kDistributions.at(static_cast<std::size_t>(closed->think.distribution));
    }
    return text;
  }
  if (const auto* replay = std::get_if<generators::ReplaySpec>(&load.schedule)) {
    const bool is_one = replay->requests == 1;
    return "replay of " + std::to_string(replay->requests) + (is_one ? " request" : " requests") +
           " from " + replay->file + " in " + in_words(replay->length);
  }
  const auto& open = std::get<generators::OpenSpec>(load.schedule);
  std::string text = open.arrivals == generators::Arrivals::kPoisson ? "poisson" : "constant";
  constexpr std::size_t kMostStages = 6;
  for (std::size_t i = 0; i < open.stages.size(); ++i) {
    if (i == kMostStages) {
      return text + ", and " + std::to_string(open.stages.size() - i) + " more stages";
    }
    const generators::Stage& stage = open.stages[i];
    text += ", " + in_words(stage.from);
    if (stage.from != stage.to) text += " to " + in_words(stage.to);
    text += " for " + in_words(stage.length);
  }
  return text;
}

std::string in_words(const LimitSpec& limit) {
  return limit.figure + " at most " + in_words(limit.limit);
}

std::string what_is_promised(const ObjectiveSpec& objective) {
  std::string text = "load " + objective.load + ": ";
  if (objective.request) text += "of " + *objective.request + " ";
  if (objective.good) text += objective.good->text;
  if (objective.within) text += "answered within " + in_words(*objective.within);
  if (objective.windows) {
    text += "windows of " + in_words(objective.windows->of) + " with " +
            in_words(objective.windows->limit);
  }
  if (objective.limit) {
    text += in_words(*objective.limit);
  } else {
    text += ", goal " + in_words(objective.goal);
  }
  if (objective.during) {
    text += (phase_of(*objective.during) ? ", " : ", during ") + *objective.during;
  }
  if (objective.after) text += ", after " + *objective.after;
  if (objective.by) text += " by " + in_words(*objective.by);
  if (objective.min_samples) {
    text += ", at least " + std::to_string(*objective.min_samples) + " samples";
  }
  if (objective.period) text += ", its budget also for " + in_words(*objective.period);
  return text;
}

std::string what_is_guarded(const GuardSpec& guard) {
  std::string text;
  if (guard.when) text = guard.when->text;
  if (guard.file) text = "file " + *guard.file + " is there";
  if (guard.probe) text = "probe " + *guard.probe + " fails";
  if (guard.outside) text = guard.outside->url + " does not answer as expected";
  if (guard.lasting > Duration::zero()) text += " for " + in_words(guard.lasting);
  if (guard.min_samples) {
    text += ", at least " + std::to_string(*guard.min_samples) + " samples";
  }
  return text;
}

std::string_view protocol_name(generators::Protocol protocol) {
  constexpr std::array<std::string_view, 5> kNames{"h1", "h2", "h2c", "h3", "auto"};
  return kNames.at(static_cast<std::size_t>(protocol));
}

std::string printable(std::string_view text, bool unicode) {
  std::string made;
  bool was_cut = false;  // One mark for each character, however many bytes it has.
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80U) {
      if (unicode) {
        made += c;
      } else if ((byte & 0xC0U) == 0xC0U || !was_cut) {
        made += '?';
        was_cut = true;
      }
      continue;
    }
    was_cut = false;
    if (c == '\n' || c == '\t' || c == '\r') {
      made += ' ';
    } else {
      made += byte < 0x20U || byte == 0x7FU ? '?' : c;
    }
  }
  return made;
}

}  // namespace squall::scenarios
