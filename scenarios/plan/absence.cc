#include "scenarios/plan/absence.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "scenarios/plan/phrases.h"

namespace squall::scenarios {
namespace {

using std::chrono::seconds;

Duration load_length(const Scenario& scenario) {
  Duration end{};
  for (const generators::LoadSpec& load : scenario.loads) {
    end = std::max(end, load.at + load.length());
  }
  return end;
}

bool is_of_objective(const GuardCondition& when) {
  return when.figure == GuardCondition::Figure::kBurnRate ||
         when.figure == GuardCondition::Figure::kBudgetSpent;
}

}  // namespace

std::string_view to_string(Absence::Kind kind) {
  switch (kind) {
    case Absence::Kind::kInstance:
      return "instance";
    case Absence::Kind::kService:
      return "service";
    case Absence::Kind::kDomain:
      return "fault domain";
  }
  return "service";
}

std::string_view to_string(AbsenceTiming::Way way) {
  return way == AbsenceTiming::Way::kFreeze ? "freeze" : "kill";
}

std::vector<Absence> absences_of(const Scenario& scenario) {
  std::vector<Absence> found;
  for (const ServiceSpec& service : scenario.services) {
    for (std::uint64_t i = 1; service.count > 1 && i <= service.count; ++i) {
      const std::string name = fmt::format("{}.{}", service.name, i);
      found.push_back({.name = name, .kind = Absence::Kind::kInstance, .members = {name}});
    }
    found.push_back(
        {.name = service.name, .kind = Absence::Kind::kService, .members = {service.name}});
  }
  for (const DomainSpec& domain : scenario.domains) {
    found.push_back(
        {.name = domain.name, .kind = Absence::Kind::kDomain, .members = domain.members});
  }
  return found;
}

Result<AbsenceTiming> absence_timing(const Scenario& scenario, AbsenceTiming::Way way,
                                     std::optional<Duration> from, std::optional<Duration> length) {
  const auto whole = [](Duration time) { return Duration(std::chrono::floor<seconds>(time)); };
  const Duration load = load_length(scenario);
  AbsenceTiming timing{.way = way, .from = from.value_or(whole(load / 4)), .length = {}};
  const bool is_for_good = way == AbsenceTiming::Way::kKill;
  timing.length = is_for_good ? load - timing.from : length.value_or(whole(load * 2 / 5));
  const auto wrong = [](const std::string& why) { return error(std::errc::invalid_argument, why); };
  if (is_for_good && length) {
    return wrong("what is killed does not come back: --for is for --how freeze");
  }
  if (timing.from < seconds(1) || timing.length < seconds(1) ||
      timing.from + timing.length > load) {
    return wrong(
        fmt::format("the load lasts {}: taking something away at {} for {} does not fit into it",
                    in_words(load), in_words(timing.from), in_words(timing.length)));
  }
  return timing;
}

std::vector<std::string> bound_to_faults(const Scenario& scenario) {
  std::vector<std::string> paths;
  std::set<std::string> objectives;
  for (const ObjectiveSpec& objective : scenario.objectives) {
    if (!objective.during && !objective.after) continue;
    objectives.insert(objective.name);
    paths.push_back("objectives." + objective.name);
  }
  for (const GuardSpec& guard : scenario.guards) {
    const bool is_bound =
        guard.when && is_of_objective(*guard.when) && objectives.contains(guard.when->of);
    if (is_bound) paths.push_back("guards." + guard.name);
  }
  return paths;
}

ScenarioChange change_for(const Absence& absence, const AbsenceTiming& timing,
                          const Scenario& scenario) {
  ScenarioChange change;
  change.left_out = bound_to_faults(scenario);
  change.left_out.emplace_back("faults");
  change.left_out.emplace_back("capacity");
  change.left_out.emplace_back("matrix");
  const bool is_killed = timing.way == AbsenceTiming::Way::kKill;
  const auto exact = [](Duration time) {
    return time % seconds(1) == Duration::zero() ? fmt::format("{}s", time / seconds(1))
                                                 : fmt::format("{}ns", time.count());
  };
  std::string faults;
  std::size_t number = 0;
  for (const std::string& member : absence.members) {
    const std::string name = ++number == 1 ? "away" : fmt::format("away-{}", number);
    faults +=
        fmt::format("{}{}: {{at: {}, {}process: {{signal: {}, match: {{service: \"{}\"}}}}}}",
                    number == 1 ? "" : ", ", name, exact(timing.from),
                    is_killed ? std::string() : fmt::format("for: {}, ", exact(timing.length)),
                    is_killed ? "KILL" : "STOP", member);
    if (is_killed) {
      change.set.emplace_back(
          fmt::format("services.{}.restart", member.substr(0, member.find('.'))), "never");
    }
  }
  change.set.emplace_back("faults", fmt::format("{{{}}}", faults));
  return change;
}

}  // namespace squall::scenarios
