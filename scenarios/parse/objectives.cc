#include <algorithm>
#include <array>

#include "scenarios/parse/numbers.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

void read_objective(Reading& reading, const std::string& name, const Node& node) {
  ObjectiveSpec objective;
  objective.name = name;
  const std::string what = "objective " + name;
  const MapReader map(reading, node, what,
                      {"load", "good", "within", "goal", "after", "by", "min_samples", "period"});
  if (const Node* load = map.require("load", "the name of a load")) {
    objective.load = read_reference(reading, *load, what, "load", "load").value_or("");
  }
  map.exactly_one({"good", "within"});
  map.set(objective.good, "good", kGood);
  map.set(objective.within, "within", kPositiveDuration);
  map.set_required(objective.goal, "goal", kShare);
  if (objective.goal.value <= 0 && map.find("goal") != nullptr && map.get("goal", kShare)) {
    map.mistake_at("goal", "a goal of 0 is always met: expected more");
  }
  if (const Node* after = map.find("after")) {
    objective.after = read_reference(reading, *after, what, "fault", "faults");
    map.require("by", "how long after the fault it must hold again, such as 10s");
    reading.not_yet(*after, "objectives." + name + ".after");
  }
  map.set(objective.by, "by", kDuration);
  if (map.find("by") != nullptr) map.require("after", "the name of a fault");
  map.set(objective.min_samples, "min_samples", kCount);
  map.set(objective.period, "period", kPositiveDuration);
  if (const Node* period = map.find("period")) {
    reading.not_yet(*period, "objectives." + name + ".period");
  }
  reading.scenario.objectives.push_back(std::move(objective));
}

/// Checks "available.burn_rate > 14.4", "browse.error_share > 20%", "browse.p99 > 250ms".
void check_condition(Reading& reading, const Node& node, const std::string& what,
                     const std::string& text) {
  constexpr std::string_view kExample = "a condition such as browse.error_share > 20%";
  static const std::vector<std::string> kOfObjective{"burn_rate", "budget_spent"};
  static const std::vector<std::string> kOfLoad{"error_share", "rate", "p50", "p90",
                                                "p95",         "p99",  "max"};
  const auto no = [&](const std::string& why) {
    reading.mistakes.add(node.place, what + ": " + why);
  };
  const std::size_t dot = text.find('.');
  const std::size_t sign = text.find_first_of("<>");
  if (dot == std::string::npos || sign == std::string::npos || dot > sign) {
    return no(is_not(text, kExample));
  }
  const std::string name(trimmed(std::string_view(text).substr(0, dot)));
  const std::string metric(trimmed(std::string_view(text).substr(dot + 1, sign - dot - 1)));
  std::string_view limit = std::string_view(text).substr(sign + 1);
  if (limit.starts_with('=')) limit.remove_prefix(1);
  limit = trimmed(limit);
  const auto has = [](const std::vector<std::string>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  std::vector<std::string> known = reading.names["objectives"];
  const bool is_objective = has(known, name);
  const auto& loads = reading.names["load"];
  known.insert(known.end(), loads.begin(), loads.end());
  if (!has(known, name))
    return no("unknown objective or load " + in_quotes(name) + hint(name, known));
  std::vector<std::string> metrics = is_objective ? kOfObjective : std::vector<std::string>{};
  if (has(loads, name)) metrics.insert(metrics.end(), kOfLoad.begin(), kOfLoad.end());
  if (!has(metrics, metric))
    return no("unknown figure " + in_quotes(metric) + hint(metric, metrics));
  std::string mistake;
  if (metric == "burn_rate") {
    mistake = parse_number(limit, "a number such as 14.4").mistake;
  } else if (metric == "rate") {
    mistake = parse_rate(limit).mistake;
  } else if (metric == "budget_spent" || metric == "error_share") {
    mistake = parse_share(limit).mistake;
  } else {
    mistake = parse_duration(limit).mistake;
  }
  if (!mistake.empty()) no(mistake);
}

}  // namespace

void read_objectives(Reading& reading, const Node& section) {
  for_each_named(reading, section, "objective", [&](const std::string& name, const Node& node) {
    read_objective(reading, name, node);
  });
}

void read_guards(Reading& reading, const Node& section) {
  reading.not_yet(section, "guards");
  for_each_named(reading, section, "guard", [&](const std::string& name, const Node& node) {
    GuardSpec guard;
    guard.name = name;
    const std::string what = "guard " + name;
    const MapReader map(reading, node, what, {"when", "for", "min_samples"});
    map.set_required(guard.when, "when", kLine);
    map.set(guard.lasting, "for", kDuration);
    map.set(guard.min_samples, "min_samples", kCount);
    if (!guard.when.empty()) check_condition(reading, *map.find("when"), what, guard.when);
    reading.scenario.guards.push_back(std::move(guard));
  });
}

void read_probes(Reading& reading, const Node& section) {
  reading.not_yet(section, "probes");
  for_each_named(reading, section, "probe", [&](const std::string& name, const Node& node) {
    ProbeSpec probe;
    probe.name = name;
    const std::string what = "probe " + name;
    const MapReader map(reading, node, what, {"get", "every", "expect", "count", "never_down_for"});
    if (const Node* url = map.require("get", "a URL")) {
      if (read_url(reading, *url)) probe.url = url->text;
    }
    map.set(probe.every, "every", kPositiveDuration);
    if (const Node* expect = map.find("expect")) probe.expect = read_expect(reading, *expect, what);
    map.set_word<std::string>(probe.count, "count", "way to count",
                              {{"always", "always"}, {"before_and_after", "before_and_after"}});
    map.set(probe.never_down_for, "never_down_for", kPositiveDuration);
    map.at_most_one({"count", "never_down_for"});
    reading.scenario.probes.push_back(std::move(probe));
  });
}

}  // namespace squall::scenarios
