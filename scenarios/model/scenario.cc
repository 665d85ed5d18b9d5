#include "scenarios/model/scenario.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

namespace squall::scenarios {
namespace {

template <typename Named>
const Named* find_named(const std::vector<Named>& list, const std::string& name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Named& one) { return one.name == name; });
  return found == list.end() ? nullptr : &*found;
}

/// What "instance" or "port(8443)" stands for; none when it is neither.
std::optional<std::string> instance_text(std::string_view inside, std::uint64_t instance) {
  constexpr std::string_view kPort = "port(";
  if (inside == "instance") return std::to_string(instance);
  if (!inside.starts_with(kPort) || !inside.ends_with(')')) return std::nullopt;
  const std::string_view digits = inside.substr(kPort.size(), inside.size() - kPort.size() - 1);
  std::uint64_t base = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), base);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return std::to_string(base + instance - 1);
}

}  // namespace

std::string expand_for_instance(const std::string& text, std::uint64_t instance) {
  std::string made;
  std::string_view rest = text;
  while (true) {
    const std::size_t mark = rest.find("${");
    if (mark == std::string_view::npos) break;
    if (mark > 0 && rest[mark - 1] == '$') {  // `$${`: a literal `${`.
      made.append(rest.substr(0, mark - 1)).append("${");
      rest.remove_prefix(mark + 2);
      continue;
    }
    const std::size_t close = rest.find('}', mark);
    if (close == std::string_view::npos) break;
    made.append(rest.substr(0, mark));
    const std::string_view inside = rest.substr(mark + 2, close - mark - 2);
    made.append(
        instance_text(inside, instance).value_or(std::string(rest.substr(mark, close - mark + 1))));
    rest.remove_prefix(close + 1);
  }
  return made.append(rest);
}

const generators::TargetSpec* Scenario::find_target(const std::string& target) const {
  return find_named(targets, target);
}

const generators::LoadSpec* Scenario::find_load(const std::string& load) const {
  return find_named(loads, load);
}

const faults::FaultSpec* Scenario::find_fault(const std::string& fault) const {
  return find_named(faults, fault);
}

const ServiceSpec* Scenario::find_service(const std::string& service) const {
  return find_named(services, service);
}

const ObjectiveSpec* Scenario::find_objective(const std::string& objective) const {
  return find_named(objectives, objective);
}

std::optional<BesidePhase> phase_of(std::string_view during) {
  for (const std::string_view side : {"before", "after"}) {
    // No name has a space in it.
    if (during.size() > side.size() && during.starts_with(side) && during[side.size()] == ' ') {
      return BesidePhase{side, during.substr(side.size() + 1)};
    }
  }
  return std::nullopt;
}

bool is_phase(std::string_view during, std::string_view phase) {
  return phase.starts_with(during) &&
         (phase.size() == during.size() || phase[during.size()] == '#');
}

bool is_searched(const ObjectiveSpec& objective, const CapacitySpec& capacity) {
  return objective.load == capacity.search && !objective.during && !objective.after;
}

}  // namespace squall::scenarios
