#include <algorithm>
#include <chrono>

#include "scenarios/parse/sections.h"

namespace squall::scenarios {
namespace {

constexpr Duration kDeadline = std::chrono::minutes(10);

/// How long a search with this deadline takes at most: all rows of the matrix, and between them.
Duration longest_search(const Scenario& scenario, Duration deadline) {
  const auto rows = static_cast<std::int64_t>(std::max<std::size_t>(1, scenario.matrix.size()));
  return rows * deadline + (rows - 1) * kBetweenRows;
}

/// The deadline with which a search takes as long as is allowed.
Duration longest_deadline(const Scenario& scenario, Duration allowed) {
  const auto rows = static_cast<std::int64_t>(std::max<std::size_t>(1, scenario.matrix.size()));
  return (allowed - (rows - 1) * kBetweenRows) / rows;
}

void read_deadline(Reading& reading, const MapReader& map, Duration begin, CapacitySpec& capacity) {
  const Duration longest =
      longest_deadline(reading.scenario, reading.scenario.safety.longest - begin);
  capacity.deadline = std::min<Duration>(kDeadline, longest);
  map.set(capacity.deadline, "deadline", kPositiveDuration);
  const std::size_t rows = reading.scenario.matrix.size();
  if (map.find("deadline") != nullptr && capacity.deadline > longest) {
    map.mistake_at("deadline", "the search may last longer than safety.longest" +
                                   (rows == 0 ? ""
                                              : ": " + std::to_string(rows) +
                                                    " rows, each with this deadline, and up to "
                                                    "90 s between two"));
  } else if (rows > 0 && longest < std::chrono::seconds(1)) {
    map.mistake_at("search", "safety.longest leaves no time for " + std::to_string(rows) + " rows");
  }
}

/// The load that is searched; null where that was told to be a mistake.
generators::LoadSpec* read_search(Reading& reading, const MapReader& map, CapacitySpec& capacity) {
  const Node* search = map.require("search", "the name of an open load");
  if (search == nullptr) return nullptr;
  capacity.search = read_reference(reading, *search, "capacity", "load", "load").value_or("");
  auto& loads = reading.scenario.loads;
  const auto load = std::find_if(loads.begin(), loads.end(),
                                 [&](const auto& one) { return one.name == capacity.search; });
  if (load == loads.end()) return nullptr;
  if (!std::holds_alternative<generators::OpenSpec>(load->schedule)) {
    map.mistake_at("search", "load " + capacity.search + " is " +
                                 (load->is_open() ? "a replay" : "closed") +
                                 ": only an open load has a rate");
    return nullptr;
  }
  if (load->split) {
    map.mistake_at("search", "load " + capacity.search +
                                 " is one side of a canary: its rate is split between two targets;"
                                 " search a load without 'canary'");
    return nullptr;
  }
  return &*load;
}

void check_objectives(const Reading& reading, const MapReader& map, const CapacitySpec& capacity) {
  const auto& objectives = reading.scenario.objectives;
  const bool is_judged =
      std::any_of(objectives.begin(), objectives.end(),
                  [&](const ObjectiveSpec& objective) { return is_searched(objective, capacity); });
  if (is_judged || reading.names.count("objectives") == 0) {
    if (!is_judged) map.mistake_at("search", "there are no objectives that could hold");
    return;
  }
  map.mistake_at("search", "no objective looks at load " + capacity.search +
                               " all the time (without 'during' and 'after')");
}

void read_while(Reading& reading, const MapReader& map, CapacitySpec& capacity) {
  const Node* node = map.find("while");
  if (node != nullptr) {
    for (const Node& item : node->is_list() ? node->items : std::vector<Node>{*node}) {
      auto name = read_reference(reading, item, "capacity", "fault", "faults");
      if (!name) continue;
      const auto* fault = reading.scenario.find_fault(*name);
      if (fault != nullptr && fault->start.every) {
        map.mistake(item.place, "fault " + *name + " comes again and again: none that is in force");
      }
      capacity.faults.push_back(*std::move(name));
    }
  }
  std::vector<std::string> named = capacity.faults;
  for (const MatrixRow& row : reading.scenario.matrix) {
    named.insert(named.end(), row.faults.begin(), row.faults.end());
  }
  for (const faults::FaultSpec& fault : reading.scenario.faults) {
    if (std::find(named.begin(), named.end(), fault.name) != named.end()) continue;
    map.mistake_at(node == nullptr ? "search" : "while",
                   "fault " + fault.name +
                       " would come and go during the search: name it in "
                       "'while' or in a row of the matrix, to have it in force, or leave it out");
  }
  if (node != nullptr && !reading.scenario.matrix.empty()) {
    map.mistake_at("while", "each row of the matrix says what is in force in it: leave it away");
  }
}

}  // namespace

void read_capacity(Reading& reading, const Node& section) {
  CapacitySpec capacity;
  const MapReader map(reading, section, "capacity",
                      {"search", "within", "precision", "confidence", "hold", "deadline", "while"});
  generators::LoadSpec* load = read_search(reading, map, capacity);
  RateRange within;
  map.set_required(within, "within", kRateRange);
  capacity.low = within.from;
  capacity.high = within.to;
  if (map.get("within", kRateRange)) {
    if (within.from >= within.to) {
      map.mistake_at("within", "the range is reversed or empty: expected the lower rate first");
    } else if (within.from.per_second <= 0) {
      map.mistake_at("within", "expected a lower rate above 0/s");
    }
  }
  map.set(capacity.precision, "precision", kShare);
  if (capacity.precision.value < 0.005) {
    map.mistake_at("precision", "expected 0.5% or more");
  }
  map.set(capacity.confidence, "confidence", kShare);
  if (capacity.confidence.value < 0.5 || capacity.confidence.value > 0.9999) {
    map.mistake_at("confidence", "expected a confidence from 50% to 99.99%");
  }
  map.set(capacity.hold, "hold", kPositiveDuration);
  read_deadline(reading, map, load == nullptr ? Duration::zero() : load->at, capacity);
  read_while(reading, map, capacity);
  if (load != nullptr) {
    check_objectives(reading, map, capacity);
    auto& open = std::get<generators::OpenSpec>(load->schedule);
    if (!open.stages.empty()) capacity.start = open.stages.back().to;
    if (capacity.low < capacity.high) {
      capacity.start = std::clamp(capacity.start, capacity.low, capacity.high);
    }
    open.stages = {
        {capacity.low, capacity.low, longest_search(reading.scenario, capacity.deadline)}};
  }
  reading.scenario.capacity = std::move(capacity);
}

}  // namespace squall::scenarios
