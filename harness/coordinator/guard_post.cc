#include "harness/coordinator/guard_post.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;

/// How long after its end a second is waited for.
constexpr Duration kLate = 1s;

/// The name under which a guard's own probe is asked. No probe of the scenario has a space in its.
std::string probe_of(const scenarios::GuardSpec& guard) {
  return guard.probe.value_or("guard " + guard.name);
}

std::vector<scenarios::ProbeSpec> all_probes(const scenarios::Scenario& scenario) {
  std::vector<scenarios::ProbeSpec> probes = scenario.probes;
  for (const scenarios::GuardSpec& guard : scenario.guards) {
    if (!guard.outside) continue;
    probes.push_back(*guard.outside);
    probes.back().name = probe_of(guard);
  }
  return probes;
}

std::filesystem::path path_of(const std::string& file, const scenarios::Scenario& scenario) {
  return std::filesystem::path(scenario.directory) / file;  // An absolute one stays as it is.
}

}  // namespace

GuardPost::GuardPost(const scenarios::Scenario& scenario, const scenarios::Plan& plan,
                     const Fetch& fetch)
    : scenario_(scenario), plan_(plan), watch_(scenario, plan) {
  auto probes = all_probes(scenario);
  if (fetch && !probes.empty()) probes_.emplace(probes, fetch);
}

void GuardPost::take(const std::string& agent, const reports::Snapshot& snapshot) {
  watch_.take(snapshot);
  const auto [told, is_first] = told_.emplace(agent, snapshot.second);
  if (!is_first) told->second = std::max(told->second, snapshot.second);
}

void GuardPost::lose(const std::string& agent) { outside_.lost_agents.insert(agent); }

GuardPost::Heard GuardPost::hear(Instant start, Duration elapsed,
                                 const std::vector<std::string>& running) {
  Heard heard;
  hear_probes(start, heard);
  while (std::chrono::seconds(next_second_) < plan_.length &&
         is_over(next_second_, elapsed, running)) {
    look_outside();
    for (auto& trip : watch_.judge(next_second_, outside_)) heard.trips.push_back(std::move(trip));
    ++next_second_;
  }
  return heard;
}

bool GuardPost::is_over(std::int64_t second, Duration elapsed,
                        const std::vector<std::string>& running) const {
  const Duration end = std::chrono::seconds(second + 1);
  if (elapsed < end) return false;
  if (elapsed >= end + kLate) return true;
  return std::all_of(running.begin(), running.end(), [&](const std::string& agent) {
    const auto told = told_.find(agent);
    return told != told_.end() && told->second >= second;
  });
}

void GuardPost::look_outside() {
  outside_.alarms.clear();
  for (const scenarios::GuardSpec& guard : scenario_.guards) {
    if (guard.file) {
      std::error_code ignored;
      const auto path = path_of(*guard.file, scenario_);
      if (std::filesystem::exists(path, ignored)) outside_.alarms[guard.name] = path.string();
      continue;
    }
    if (guard.when) continue;
    const auto answer = answered_.find(probe_of(guard));
    if (answer != answered_.end() && !answer->second.is_good) {
      outside_.alarms[guard.name] = answer->second.seen;
    }
  }
}

void GuardPost::hear_probes(Instant start, Heard& heard) {
  if (!probes_) return;
  for (ProbeSeen& seen : probes_->take()) {
    // When the load is over services are stopped, of which probes may be.
    if (seen.at - start > plan_.length) continue;
    const auto last = answered_.find(seen.probe);
    // The first answer is news only when it is bad.
    const bool was_good = last == answered_.end() || last->second.is_good;
    if (was_good != seen.is_good) heard.changes.push_back({seen.probe, seen.is_good, seen.seen});
    heard.answers.push_back(
        {.probe = seen.probe, .at = seen.at - start, .is_good = seen.is_good, .seen = seen.seen});
    answered_.insert_or_assign(seen.probe, std::move(seen));
  }
}

}  // namespace squall::coordinator
