#include <algorithm>
#include <cstdint>
#include <map>
#include <set>

#include "scenarios/plan/plan.h"

namespace squall::scenarios {
namespace {

using Seconds = std::int64_t;

Seconds rounded_down(Duration offset) {
  return std::chrono::floor<std::chrono::seconds>(offset).count();
}

Seconds rounded_up(Duration offset) {
  return std::chrono::ceil<std::chrono::seconds>(offset).count();
}

constexpr std::size_t kMostNamed = 6;  // In the name of one phase; of more only the number is told.

/// A stretch of whole seconds in which the same faults are in force.
struct Stretch {
  Seconds from = 0;
  Seconds to = 0;
  std::vector<std::string> labels;  ///< The first few.
  std::size_t more = 0;
};

/// "A", or "A and B", or "A, B and 3 more".
std::string listed(const Stretch& stretch) {
  std::vector<std::string> labels = stretch.labels;
  if (stretch.more > 0) labels.push_back(std::to_string(stretch.more) + " more");
  std::string text;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) text += i + 1 == labels.size() ? " and " : ", ";
    text += labels[i];
  }
  return text;
}

/// Every second from 0 to `end`, by the faults in force in it.
std::vector<Stretch> stretches(const std::vector<PlannedFault>& faults, Seconds end) {
  // At each of these seconds, the faults (by their place in `faults`) that come and go.
  std::map<Seconds, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> changes;
  changes[0];
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const Seconds from = std::clamp<Seconds>(rounded_down(faults[i].from), 0, end);
    const Seconds until = faults[i].to ? rounded_up(*faults[i].to) : from + 1;
    const Seconds to = std::clamp<Seconds>(std::max(until, from + 1), 0, end);
    if (from >= to) continue;
    changes[from].first.push_back(i);
    changes[to].second.push_back(i);
  }
  std::vector<Stretch> made;
  std::set<std::size_t> in_force;
  for (auto change = changes.begin(); change != changes.end(); ++change) {
    for (const std::size_t i : change->second.second) in_force.erase(i);
    for (const std::size_t i : change->second.first) in_force.insert(i);
    const auto next = std::next(change);
    const Seconds to = next == changes.end() ? end : next->first;
    if (change->first >= to) continue;
    Stretch stretch{change->first, to, {}, 0};
    for (const std::size_t i : in_force) {
      if (stretch.labels.size() == kMostNamed) break;
      stretch.labels.push_back(faults[i].label);
    }
    stretch.more = in_force.size() - stretch.labels.size();
    made.push_back(std::move(stretch));
  }
  return made;
}

}  // namespace

std::vector<Phase> phases_between(const std::vector<PlannedFault>& faults, Duration length) {
  const Seconds end = std::max<Seconds>(rounded_up(length), 0);
  const std::vector<Stretch> parts = stretches(faults, end);
  std::vector<Phase> phases;
  std::map<std::string, int> times;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool has_before = i > 0;
    const bool has_after = i + 1 < parts.size();
    std::string name = "whole";
    if (!parts[i].labels.empty()) {
      name = "during " + listed(parts[i]);
    } else if (has_before && has_after) {
      name = "between " + listed(parts[i - 1]) + " and " + listed(parts[i + 1]);
    } else if (has_before) {
      name = "after " + listed(parts[i - 1]);
    } else if (has_after) {
      name = "before " + listed(parts[i + 1]);
    }
    // A long fault around a short one is in force alone twice.
    const int time = ++times[name];
    if (time > 1) name += " (" + std::to_string(time) + ")";
    phases.push_back(
        {std::move(name), std::chrono::seconds(parts[i].from), std::chrono::seconds(parts[i].to)});
  }
  return phases;
}

}  // namespace squall::scenarios
