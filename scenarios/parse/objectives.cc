#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "scenarios/parse/conditions.h"
#include "scenarios/parse/numbers.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

constexpr std::array kWindowFigures{"p50", "p90", "p95", "p99", "p99.9", "max"};

/// `request: browse`: one of the load's requests by its name.
void read_request_name(Reading& reading, const MapReader& map, ObjectiveSpec& objective) {
  map.set(objective.request, "request", kLine);
  const auto* const load = reading.scenario.find_load(objective.load);
  if (!objective.request || load == nullptr) return;
  std::vector<std::string> known;
  for (const generators::RequestSpec& request : load->requests) known.push_back(request.name);
  if (std::find(known.begin(), known.end(), *objective.request) != known.end()) return;
  map.mistake_at("request", "load " + objective.load + " has no request named " +
                                in_quotes(*objective.request) + hint(*objective.request, known));
}

/// `windows: {of: 10s, p99: 250ms}`.
void read_windows(Reading& reading, const Node& node, const std::string& what,
                  ObjectiveSpec& objective) {
  std::vector<std::string> keys(kWindowFigures.begin(), kWindowFigures.end());
  const std::vector<std::string> figures = keys;
  keys.insert(keys.begin(), "of");
  const MapReader map(reading, node, what + ".windows", keys);
  WindowsSpec windows;
  map.set_required(windows.of, "of", kPositiveDuration);
  if (windows.of % std::chrono::seconds(1) != Duration::zero()) {
    map.mistake_at("of", "a window is whole seconds: expected such as 10s");
  }
  if (const auto figure = map.exactly_one(figures)) {
    windows.limit.figure = *figure;
    windows.limit.percentile = parse_percentile_name(*figure).value.value_or(100);
    map.set(windows.limit.limit, *figure, kPositiveDuration);
  }
  objective.windows = windows;
}

/// A fault, or "before" or "after" and a fault.
std::optional<std::string> read_during(Reading& reading, const Node& node,
                                       const std::string& what) {
  const auto phase = phase_of(trimmed(node.text));
  if (!phase) return read_reference(reading, node, what, "fault", "faults");
  const std::string side(phase->side);
  Node fault = node;
  fault.text = trimmed(phase->fault);
  const auto name = read_reference(reading, fault, what, "fault", "faults");
  return name ? std::optional(side + " " + *name) : std::nullopt;
}

/// `during`, or `after` with `by`: the seconds that the objective looks at.
void read_stretch(Reading& reading, const MapReader& map, const std::string& what,
                  ObjectiveSpec& objective) {
  map.at_most_one({"during", "after"});
  if (const Node* during = map.find("during")) {
    objective.during = read_during(reading, *during, what);
  }
  if (const Node* after = map.find("after")) {
    objective.after = read_reference(reading, *after, what, "fault", "faults");
    map.require("by", "how long after the fault it must hold again, such as 10s");
  }
  map.set(objective.by, "by", kDuration);
  if (map.find("by") != nullptr) map.require("after", "the name of a fault");
}

void read_goal(const MapReader& map, ObjectiveSpec& objective) {
  if (map.find("limit") != nullptr) {
    if (objective.limit) objective.goal = {objective.limit->share()};
    if (map.find("goal") != nullptr) {
      map.mistake_at("goal", "a limit is kept or not: expected no goal beside 'limit'");
    }
    return;
  }
  map.set_required(objective.goal, "goal", kShare);
  if (objective.goal.value <= 0 && map.find("goal") != nullptr && map.get("goal", kShare)) {
    map.mistake_at("goal", "a goal of 0 is always met: expected more");
  }
}

/// `rate: from-run`, or that of production.
void read_period_rate(const MapReader& map, ObjectiveSpec& objective) {
  const Node* rate = map.find("rate");
  if (rate == nullptr) return;
  map.require("period", "how long a time the budget is for, such as 30d");
  if (objective.windows) {
    return map.mistake_at("rate", "windows come at their own rate: expected no rate beside them");
  }
  if (rate->is_scalar() && rate->text == "from-run") return;
  map.set(objective.rate, "rate",
          Kind<Rate>{"from-run, or a rate such as 500/s", [](std::string_view text) {
                       auto parsed = parse_rate(text);
                       if (!parsed.value) {
                         parsed.mistake = is_not(text, "from-run, or a rate such as 500/s");
                       }
                       if (parsed.value && parsed.value->per_second <= 0) {
                         return Parsed<Rate>::no("a rate of 0 has no budget: expected more");
                       }
                       return parsed;
                     }});
}

/// Refuses what a load of this length cannot show.
void check_lengths(const Reading& reading, const MapReader& map, const ObjectiveSpec& objective) {
  const auto* const load = reading.scenario.find_load(objective.load);
  if (load == nullptr || load->length() <= Duration::zero()) return;
  if (objective.windows && objective.windows->of > load->length()) {
    map.mistake_at("windows", "a window is longer than load " + load->name + " is");
  }
  if (objective.period && *objective.period < load->length()) {
    map.mistake_at("period", "it is shorter than load " + load->name +
                                 " is: expected a longer time, such as 30d");
  }
}

void read_objective(Reading& reading, const std::string& name, const Node& node) {
  ObjectiveSpec objective;
  objective.name = name;
  const std::string what = "objective " + name;
  const MapReader map(reading, node, what,
                      {"load", "request", "good", "within", "windows", "limit", "goal", "during",
                       "after", "by", "min_samples", "period", "rate"});
  if (const Node* load = map.require("load", "the name of a load")) {
    objective.load = read_reference(reading, *load, what, "load", "load").value_or("");
  }
  read_request_name(reading, map, objective);
  map.exactly_one({"good", "within", "windows", "limit"});
  map.set(objective.good, "good", kGood);
  map.set(objective.within, "within", kPositiveDuration);
  if (const Node* windows = map.find("windows")) read_windows(reading, *windows, what, objective);
  map.set(objective.limit, "limit", kLimit);
  read_goal(map, objective);
  read_stretch(reading, map, what, objective);
  map.set(objective.min_samples, "min_samples", kCount);
  map.set(objective.period, "period", kPositiveDuration);
  read_period_rate(map, objective);
  check_lengths(reading, map, objective);
  reading.scenario.objectives.push_back(std::move(objective));
}

}  // namespace

void read_objectives(Reading& reading, const Node& section) {
  for_each_named(reading, section, "objective", [&](const std::string& name, const Node& node) {
    read_objective(reading, name, node);
  });
}

}  // namespace squall::scenarios
