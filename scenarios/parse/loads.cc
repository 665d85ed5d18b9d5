#include <algorithm>

#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

using generators::Arrivals;
using generators::ClosedSpec;
using generators::LoadSpec;
using generators::OpenSpec;
using generators::Stage;

constexpr std::uint64_t kMostUsers = 1'000'000;

OpenSpec read_open(Reading& reading, const Node& node, const std::string& what) {
  OpenSpec open;
  const MapReader map(reading, node, what + ".open", {"arrivals", "stages"});
  map.set_word(open.arrivals, "arrivals", "kind of arrivals",
               {{"constant", Arrivals::kConstant}, {"poisson", Arrivals::kPoisson}});
  constexpr std::string_view kStages = "a list of stages such as {rate: 100/s, for: 10s}";
  const Node* stages = map.require("stages", kStages);
  if (stages == nullptr || stages->broken) return open;
  if (!stages->is_list() || stages->items.empty()) {
    reading.mistakes.add(stages->place,
                         what + ": 'stages' must be " + std::string(kStages) + "; found " +
                             (stages->is_list() ? "an empty list" : in_words(*stages)));
    return open;
  }
  bool is_whole = true;
  for (const Node& item : stages->items) {
    const MapReader stage(reading, item, what + ": stage", {"rate", "for"});
    stage.require("rate", kRateRange.expected);
    stage.require("for", kPositiveDuration.expected);
    const auto rate = stage.get("rate", kRateRange);
    const auto length = stage.get("for", kPositiveDuration);
    is_whole = is_whole && rate && length;
    if (rate && length) open.stages.push_back(Stage{rate->from, rate->to, *length});
  }
  const auto is_silent = [](const Stage& stage) {
    return stage.from.per_second <= 0 && stage.to.per_second <= 0;
  };
  if (is_whole && std::all_of(open.stages.begin(), open.stages.end(), is_silent)) {
    reading.mistakes.add(stages->place, what + ": all its rates are 0: it would send nothing");
  }
  return open;
}

ClosedSpec read_closed(Reading& reading, const Node& node, const std::string& what) {
  ClosedSpec closed;
  const MapReader map(reading, node, what + ".closed", {"users", "for", "think"});
  map.set_required(closed.users, "users", kCount);
  map.set_required(closed.length, "for", kPositiveDuration);
  map.set(closed.think, "think", kThink);
  if (closed.users > kMostUsers) {
    map.mistake_at("users", in_quotes(map.find("users")->text) + " is too many: expected at most " +
                                std::to_string(kMostUsers));
  }
  return closed;
}

/// `canary` of a load: makes two loads of it, which share its schedule.
void split_load(Reading& reading, const Node& node, const MapReader& of, LoadSpec load) {
  const std::string what = of.what() + ".canary";
  const MapReader map(reading, node, what, {"target", "share", "tolerance"});
  generators::SplitSpec split;
  split.of = load.name;
  LoadSpec canary = load;
  canary.name = load.name + "-canary";
  if (const Node* target = map.require("target", "the name of a target")) {
    canary.target = read_reference(reading, *target, what, "target", "targets").value_or("");
  }
  Share share{split.share};
  map.set(share, "share", kShare);
  if (share.value <= 0 || share.value >= 1) {
    map.mistake_at("share",
                   "each side needs a part of the load: expected more than 0 and less"
                   " than 100%");
  }
  split.share = share.value;
  Share tolerance{split.tolerance};
  map.set(tolerance, "tolerance", kShare);
  split.tolerance = tolerance.value;
  if (of.find("closed") != nullptr) {
    of.mistake_at("canary",
                  "only a schedule can be split: expected 'open' or 'replay', found"
                  " 'closed'");
  }
  for (const auto& [table, user] : reading.used_by) {
    if (user != load.name) continue;
    of.mistake_at("canary", "rows of " + in_quotes(table) +
                                ", which are used once, cannot be split between two sides");
  }
  auto& names = reading.names["load"];
  if (std::find(names.begin(), names.end(), canary.name) != names.end()) {
    of.mistake_at("canary", "its results are those of " + in_quotes(canary.name) +
                                ", but another load has that name");
  }
  names.push_back(canary.name);
  load.split = canary.split = split;
  canary.split->is_canary = true;
  reading.scenario.loads.push_back(std::move(load));
  reading.scenario.loads.push_back(std::move(canary));
}

void read_load(Reading& reading, const std::string& name, const Node& node) {
  LoadSpec load;
  load.name = name;
  const std::string what = "load " + name;
  const MapReader map(reading, node, what,
                      {"target", "open", "closed", "at", "requests", "flow", "cookies", "replay",
                       "expect", "on", "canary"});
  if (const Node* target = map.require("target", "the name of a target")) {
    load.target = read_reference(reading, *target, what, "target", "targets").value_or("");
  }
  const auto schedule = map.exactly_one({"open", "closed", "replay"});
  if (schedule == "open") load.schedule = read_open(reading, *map.find("open"), what);
  if (schedule == "closed") load.schedule = read_closed(reading, *map.find("closed"), what);
  map.set(load.at, "at", kDuration);
  std::optional<std::string> requests;
  if (schedule == "replay") {
    load.schedule = read_replay(reading, *map.find("replay"), what);
    generators::RequestSpec any;
    any.name = "replay";
    if (const Node* expect = map.find("expect")) any.expect = read_expect(reading, *expect, what);
    load.requests.push_back(std::move(any));
    for (const char* const key : {"requests", "flow", "cookies"}) {
      if (map.find(key) == nullptr) continue;
      map.mistake_at(key,
                     "a replay brings its own requests: leave '" + std::string(key) + "' away");
    }
  } else {
    requests = map.exactly_one({"requests", "flow"});
    if (schedule && map.find("expect") != nullptr) {
      map.mistake_at("expect",
                     "each request has an 'expect' of its own; only a replay has one for"
                     " all");
    }
  }
  if (requests) {
    load.is_flow = *requests == "flow";
    read_requests(reading, *map.find(*requests), what, load);
  }
  map.set(load.cookies, "cookies", kBoolean);
  if (load.cookies && schedule == "open" && requests == "requests") {
    map.mistake_at("cookies",
                   "cookies are kept by users: expected 'closed' or a 'flow', found 'open' with"
                   " 'requests'");
  }
  if (const Node* on = map.find("on")) {
    load.on = read_labels(reading, *on, what);
  }
  if (const Node* canary = map.find("canary")) {
    split_load(reading, *canary, map, std::move(load));
    return;
  }
  reading.scenario.loads.push_back(std::move(load));
}

}  // namespace

void read_loads(Reading& reading, const Node& section) {
  for_each_named(reading, section, "load", [&](const std::string& name, const Node& node) {
    read_load(reading, name, node);
  });
}

void read_data(Reading& reading, const Node& section) {
  using Order = generators::DataSpec::Order;
  for_each_named(reading, section, "table of data", [&](const std::string& name, const Node& node) {
    generators::DataSpec data;
    const MapReader map(reading, node, "data " + name, {"file", "order"});
    if (const Node* file = map.require("file", "the name of a CSV or JSONL file")) {
      data.file = read_file_name(reading, *file).value_or("");
      if (!data.file.empty() && !data.file.ends_with(".csv") && !data.file.ends_with(".jsonl")) {
        map.mistake_at("file", in_quotes(data.file) + " is neither a .csv nor a .jsonl file");
      }
    }
    map.set_word(
        data.order, "order", "order",
        {{"once", Order::kOnce}, {"in-order", Order::kInOrder}, {"random", Order::kRandom}});
    if (!data.file.empty()) {
      if (auto columns = read_table_columns(reading, data.file)) {
        reading.columns[name] = *std::move(columns);
      } else {
        map.mistake_at("file", columns.error().trail);
      }
    }
    reading.scenario.data.emplace_back(name, std::move(data));
  });
}

std::map<std::string, std::string> read_labels(Reading& reading, const Node& node,
                                               const std::string& what) {
  const MapReader map(reading, node, what + ".on", {"agents"});
  const Node* agents = map.require("agents", "labels such as {role: edge}");
  if (agents == nullptr) return {};
  return read_texts(reading, *agents, "labels such as {role: edge}");
}

}  // namespace squall::scenarios
