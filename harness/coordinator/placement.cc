#include "harness/coordinator/placement.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/coordinator/blast_radius.h"

namespace squall::coordinator {
namespace {

std::vector<std::size_t> matching(const Labels& wanted, const std::vector<Labels>& agents) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < agents.size(); ++i) {
    const bool has_all = std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
      const auto own = agents[i].find(label.first);
      return own != agents[i].end() && own->second == label.second;
    });
    if (has_all) found.push_back(i);
  }
  return found;
}

/// The target of a link fault, whose relay stands before a load; null: it is another fault.
const faults::LinkFault* link_of(const faults::FaultSpec& fault) {
  return std::get_if<faults::LinkFault>(&fault.what);
}

/// Of the agents that a link fault's `on` matches, those that offer a load to its target: the relay
/// of another would stand before nothing.
Result<std::vector<std::size_t>> places_of_link(const scenarios::Scenario& scenario,
                                                const faults::FaultSpec& fault,
                                                const std::vector<std::size_t>& matching,
                                                const std::vector<Placed>& placed, bool is_fleet) {
  const faults::LinkFault& link = *link_of(fault);
  std::vector<std::size_t> places;
  for (const std::size_t agent : matching) {
    const auto& loads = placed[agent].loads;
    const bool goes_there = std::any_of(loads.begin(), loads.end(), [&](const LoadPart& part) {
      return scenario.find_load(part.load)->target == link.target;
    });
    if (goes_there) places.push_back(agent);
  }
  if (places.empty()) {
    return error(
        std::errc::invalid_argument,
        fmt::format("fault {}: no agent of its 'on' offers a load to {}", fault.name, link.target));
  }
  if (link.listen && places.size() > 1 && !is_fleet) {
    return error(std::errc::invalid_argument,
                 fmt::format("fault {}: {} agents of one machine cannot all listen on {}",
                             fault.name, places.size(), *link.listen));
  }
  return places;
}

Error nobody(const std::string& what, const Labels& wanted) {
  std::vector<std::string> words;
  for (const auto& [key, value] : wanted) words.push_back(fmt::format("{}={}", key, value));
  return error(std::errc::invalid_argument,
               fmt::format("{}: no agent has {}", what, fmt::join(words, " and ")));
}

/// How many users of a closed load have one of these turns.
std::uint64_t users_of(const generators::LoadSpec& load, const LoadPart& part) {
  const auto* closed = std::get_if<generators::ClosedSpec>(&load.schedule);
  if (closed == nullptr) return 0;
  const auto left =
      std::lower_bound(part.turns.begin(), part.turns.end(), closed->users % part.count);
  return closed->users / part.count * part.turns.size() +
         static_cast<std::uint64_t>(left - part.turns.begin());
}

}  // namespace

Result<std::uint32_t> weight_of(const Labels& labels) {
  constexpr std::uint32_t kMost = 100;
  const auto label = labels.find("weight");
  if (label == labels.end()) return 1U;
  const std::string& text = label->second;
  std::uint32_t weight = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || weight == 0 ||
      weight > kMost) {
    return error(std::errc::invalid_argument,
                 fmt::format("label weight={}: expected a whole number from 1 to {}", text, kMost));
  }
  return weight;
}

std::vector<std::vector<std::uint32_t>> turns_of(const std::vector<std::uint32_t>& weights) {
  std::uint32_t divisor = 0;
  for (const std::uint32_t weight : weights) divisor = std::gcd(divisor, weight);
  struct Turn {
    std::uint64_t nth;  // Of `weight` of its agent: in the middle of the nth part of a round.
    std::uint64_t weight;
    std::size_t agent;
  };
  std::vector<Turn> round;
  for (std::size_t agent = 0; agent < weights.size(); ++agent) {
    const std::uint32_t weight = weights[agent] / divisor;
    for (std::uint32_t nth = 0; nth < weight; ++nth) round.push_back({nth, weight, agent});
  }
  std::stable_sort(round.begin(), round.end(), [](const Turn& a, const Turn& b) {
    return (2 * a.nth + 1) * b.weight < (2 * b.nth + 1) * a.weight;
  });
  std::vector<std::vector<std::uint32_t>> turns(weights.size());
  for (std::size_t i = 0; i < round.size(); ++i) {
    turns[round[i].agent].push_back(static_cast<std::uint32_t>(i));
  }
  return turns;
}

std::vector<std::uint64_t> divide(std::uint64_t count, const std::vector<std::uint64_t>& weights) {
  const std::uint64_t all = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  std::vector<std::uint64_t> parts;
  std::uint64_t weight = 0;
  std::uint64_t given = 0;
  for (const std::uint64_t own : weights) {
    weight += own;
    const std::uint64_t until = count * weight / all;
    parts.push_back(until - std::exchange(given, until));
  }
  return parts;
}

Result<std::vector<Placed>> place(const scenarios::Scenario& scenario,
                                  const std::vector<Labels>& agents, bool is_fleet) {
  std::vector<Placed> placed(agents.size());
  for (const generators::LoadSpec& load : scenario.loads) {
    const std::vector<std::size_t> offering = matching(load.on, agents);
    if (offering.empty()) return nobody("load " + load.name, load.on);
    std::vector<std::uint32_t> weights;
    for (const std::size_t agent : offering) {
      SQUALL_TRY(const std::uint32_t weight, weight_of(agents[agent]));
      weights.push_back(weight);
    }
    const auto turns = turns_of(weights);
    std::uint32_t count = 0;
    for (const auto& own : turns) count += static_cast<std::uint32_t>(own.size());
    for (std::size_t i = 0; i < offering.size(); ++i) {
      LoadPart part{load.name, turns[i], count};
      part.users = users_of(load, part);
      placed[offering[i]].loads.push_back(std::move(part));
    }
  }
  for (const faults::FaultSpec& fault : scenario.faults) {
    std::vector<std::size_t> injecting = matching(fault.on, agents);
    if (injecting.empty()) return nobody("fault " + fault.name, fault.on);
    if (link_of(fault) != nullptr) {
      SQUALL_TRY(injecting, places_of_link(scenario, fault, injecting, placed, is_fleet));
      if (injecting.size() > 1) {
        SQUALL_TRY(injecting, within_blast_radius(scenario.safety, scenario.seed, fault.name,
                                                  std::move(injecting)));
      }
      for (const std::size_t agent : injecting) placed[agent].faults.push_back(fault.name);
      continue;
    }
    if (fault.on.empty() && is_fleet && agents.size() > 1) {
      return error(std::errc::invalid_argument,
                   fmt::format("fault {}: 'on' must say which of the {} agents inject it",
                               fault.name, agents.size()));
    }
    if (fault.on.empty()) {
      injecting.resize(1);
    } else {
      SQUALL_TRY(injecting, within_blast_radius(scenario.safety, scenario.seed, fault.name,
                                                std::move(injecting)));
    }
    for (const std::size_t agent : injecting) placed[agent].faults.push_back(fault.name);
  }
  return placed;
}

}  // namespace squall::coordinator
