#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "scenarios/parse/conditions.h"
#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

constexpr std::string_view kWholeSeconds =
    "a guard looks once a second: expected whole seconds, such as 5s";

/// What a probe and a guard with a probe of its own have in common: `get`, `every`, `expect`.
ProbeSpec read_asking(Reading& reading, const MapReader& map, const std::string& what) {
  ProbeSpec probe;
  if (const Node* url = map.require("get", "a URL")) {
    if (read_url(reading, *url)) probe.url = url->text;
  }
  map.set(probe.every, "every", kPositiveDuration);
  if (const Node* expect = map.find("expect")) {
    probe.expect = read_expect(reading, *expect, what);
  }
  return probe;
}

/// "browse.p99 > 1s for 5s" in its condition and the time for which it must hold.
struct Lasting {
  std::string condition;
  std::string time;  ///< Empty: none is given.
};

Lasting split_lasting(const std::string& text) {
  constexpr std::string_view kFor = " for ";
  const std::size_t at = text.rfind(kFor);
  if (at == std::string::npos) return {text, ""};
  return {text.substr(0, at), text.substr(at + kFor.size())};
}

/// `when`, and `for` where it is written at its end.
void read_condition(Reading& reading, const MapReader& map, GuardSpec& guard) {
  const auto text = map.get("when", kLine);
  if (!text) return;
  const Lasting lasting = split_lasting(*text);
  if (!lasting.time.empty()) {
    const auto time = parse_duration(lasting.time);
    if (!time.value) return map.mistake_at("when", time.mistake);
    guard.lasting = *time.value;
    if (map.find("for") != nullptr) {
      map.mistake_at("for", "'when' says how long already: expected one of them");
    } else if (guard.lasting % std::chrono::seconds(1) != Duration::zero()) {
      map.mistake_at("when", std::string(kWholeSeconds));
    }
  }
  auto condition =
      parse_condition(lasting.condition, {reading.names["load"], reading.names["objectives"]});
  if (!condition.value) return map.mistake_at("when", condition.mistake);
  guard.when = std::move(*condition.value);
}

void read_guard(Reading& reading, const std::string& name, const Node& node) {
  GuardSpec guard;
  guard.name = name;
  const std::string what = "guard " + name;
  const MapReader map(reading, node, what,
                      {"when", "file", "probe", "get", "every", "expect", "for", "min_samples"});
  const auto kind = map.exactly_one({"when", "file", "probe", "get"});
  read_condition(reading, map, guard);
  map.set(guard.file, "file", kLine);
  if (const Node* probe = map.find("probe")) {
    guard.probe = read_reference(reading, *probe, what, "probe", "probes");
  }
  if (kind == "get") {
    guard.outside = read_asking(reading, map, what);
    guard.outside->name = name;
  } else {
    for (const char* key : {"every", "expect"}) {
      if (map.find(key) != nullptr) map.require("get", "a URL");
    }
  }
  map.set(guard.lasting, "for", kDuration);
  if (map.find("for") != nullptr && guard.lasting % std::chrono::seconds(1) != Duration::zero()) {
    map.mistake_at("for", std::string(kWholeSeconds));
  }
  map.set(guard.min_samples, "min_samples", kCount);
  if (map.find("min_samples") != nullptr) map.require("when", "a condition that has samples");
  reading.scenario.guards.push_back(std::move(guard));
}

}  // namespace

void read_guards(Reading& reading, const Node& section) {
  for_each_named(reading, section, "guard", [&](const std::string& name, const Node& node) {
    read_guard(reading, name, node);
  });
}

void read_probes(Reading& reading, const Node& section) {
  for_each_named(reading, section, "probe", [&](const std::string& name, const Node& node) {
    const std::string what = "probe " + name;
    const MapReader map(reading, node, what, {"get", "every", "expect", "count", "never_down_for"});
    ProbeSpec probe = read_asking(reading, map, what);
    probe.name = name;
    map.set_word<std::string>(probe.count, "count", "way to count",
                              {{"always", "always"}, {"before_and_after", "before_and_after"}});
    map.set(probe.never_down_for, "never_down_for", kPositiveDuration);
    map.at_most_one({"count", "never_down_for"});
    reading.scenario.probes.push_back(std::move(probe));
  });
}

}  // namespace squall::scenarios
