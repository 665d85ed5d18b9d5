#include "reports/json/read_results.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace squall::reports {
namespace {

using Json = nlohmann::json;

/// No run lasts longer than a day; a load's seconds are made room for.
constexpr double kLongest = 100'000;

Error refuse(const std::string& key, const std::string& expected) {
  return error(std::errc::illegal_byte_sequence, key + ": expected " + expected);
}

const Json* find(const Json& json, const char* key) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(key);
  return found == json.end() ? nullptr : &*found;
}

Result<std::string> text_at(const Json& json, const char* key) {
  const Json* value = find(json, key);
  if (value == nullptr || !value->is_string()) return refuse(key, "a text");
  return value->get<std::string>();
}

/// A number that a whole run's timeline can hold.
Result<double> offset_at(const Json& json, const char* key) {
  const Json* value = find(json, key);
  if (value == nullptr || !value->is_number()) return refuse(key, "a number");
  const double number = value->get<double>();
  if (!(std::abs(number) <= kLongest)) return refuse(key, "seconds of a run");
  return number;
}

/// Numbers that count something: not negative, and not beyond what a double holds exactly.
Result<std::vector<double>> counts_at(const Json& json, const char* key) {
  constexpr double kMost = 9e15;
  const Json* list = find(json, key);
  if (list == nullptr || !list->is_array()) return refuse(key, "a list of numbers");
  std::vector<double> numbers;
  numbers.reserve(list->size());
  for (const Json& one : *list) {
    const double number = one.is_number() ? one.get<double>() : -1;
    if (!(number >= 0 && number <= kMost)) return refuse(key, "a list of numbers");
    numbers.push_back(number);
  }
  return numbers;
}

Result<ComparedLoad> load_from(const std::string& name, const Json& json) {
  ComparedLoad load;
  load.name = name;
  if (const Json* open = find(json, "open")) load.open = !open->is_boolean() || open->get<bool>();
  SQUALL_TRY(const double from, offset_at(json, "from_s"));
  SQUALL_TRY(const double to, offset_at(json, "to_s"));
  load.from = static_cast<std::int64_t>(std::floor(from));
  const auto length = static_cast<std::int64_t>(std::ceil(to)) - load.from;
  if (length > 0) load.seconds.resize(static_cast<std::size_t>(length));

  const Json* series = find(json, "series");
  if (series == nullptr) return refuse("series", "what happened by second");
  const Json* times = find(*series, "t_s");
  if (times == nullptr || !times->is_array()) return refuse("t_s", "a list of seconds");
  SQUALL_TRY(const auto due, counts_at(*series, "due"));
  SQUALL_TRY(const auto not_ok, counts_at(*series, "not_ok"));
  SQUALL_TRY(const auto completed, counts_at(*series, "completed"));
  if (due.size() != times->size() || not_ok.size() != due.size() ||
      completed.size() != due.size()) {
    return refuse("series", "lists of one length");
  }
  for (std::size_t i = 0; i < due.size(); ++i) {
    const Json& time = (*times)[i];
    const double second = time.is_number() ? time.get<double>() : kLongest + 1;
    if (!(std::abs(second) <= kLongest)) return refuse("t_s", "a list of seconds");
    const auto at = static_cast<std::int64_t>(std::floor(second));
    if (at < load.from || at >= load.to()) continue;
    ComparedSecond& into = load.seconds[static_cast<std::size_t>(at - load.from)];
    into.due = static_cast<std::uint64_t>(due[i]);
    into.not_ok = static_cast<std::uint64_t>(not_ok[i]);
    into.completed = static_cast<std::uint64_t>(completed[i]);
  }

  const Json* phases = find(json, "phases");
  if (phases == nullptr || !phases->is_array()) return refuse("phases", "a list");
  for (const Json& phase : *phases) {
    ComparedPhase& made = load.phases.emplace_back();
    SQUALL_TRY(made.name, text_at(phase, "name"));
    SQUALL_TRY(const double begin, offset_at(phase, "from_s"));
    SQUALL_TRY(const double end, offset_at(phase, "to_s"));
    made.from = static_cast<std::int64_t>(std::floor(begin));
    made.to = static_cast<std::int64_t>(std::floor(end));
  }
  return load;
}

Result<ComparedObjective> objective_from(const std::string& name, const Json& json,
                                         const Json& series) {
  ComparedObjective objective;
  objective.name = name;
  SQUALL_TRY(objective.load, text_at(json, "load"));
  SQUALL_TRY(objective.goal, offset_at(json, "goal"));
  if (find(json, "answer") != nullptr) {
    SQUALL_TRY(objective.answer, text_at(json, "answer"));
  }
  SQUALL_TRY(const double from, offset_at(series, "from_s"));
  objective.from = static_cast<std::int64_t>(std::floor(from));
  SQUALL_TRY(objective.samples, counts_at(series, "samples"));
  SQUALL_TRY(objective.bad, counts_at(series, "bad"));
  if (objective.samples.size() != objective.bad.size()) {
    return refuse("series", "lists of one length");
  }
  return objective;
}

/// A rate above zero; none for null.
Result<std::optional<double>> rate_at(const Json& json, const char* key) {
  const Json* value = find(json, key);
  if (value == nullptr || value->is_null()) return std::optional<double>();
  const double rate = value->is_number() ? value->get<double>() : 0;
  if (!(rate > 0 && rate < 1e12)) return refuse(key, "a rate");
  return std::optional<double>(rate);
}

/// `capacity`, or a row of `matrix`, which also has a name.
Result<ComparedCapacity> capacity_from(const Json& json, bool is_row) {
  ComparedCapacity capacity;
  SQUALL_TRY(capacity.load, text_at(json, "load"));
  SQUALL_TRY(capacity.good, rate_at(json, "good"));
  SQUALL_TRY(capacity.bad, rate_at(json, "bad"));
  if (!is_row) return capacity;
  SQUALL_TRY(capacity.row, text_at(json, "name"));
  const Json* faults = find(json, "while");
  if (faults == nullptr || !faults->is_array()) return refuse("while", "a list");
  if (!faults->empty()) capacity.row = "with " + capacity.row;
  return capacity;
}

Result<std::vector<ComparedCapacity>> capacities_from(const Json& json) {
  std::vector<ComparedCapacity> made;
  const Json* rows = find(json, "matrix");
  const Json* capacity = find(json, "capacity");
  if (rows != nullptr && !rows->is_array()) return refuse("matrix", "a list");
  if (rows != nullptr) {
    for (const Json& row : *rows) {
      SQUALL_TRY(auto one, capacity_from(row, true));
      made.push_back(std::move(one));
    }
  } else if (capacity != nullptr && !capacity->is_null()) {
    SQUALL_TRY(auto one, capacity_from(*capacity, false));
    made.push_back(std::move(one));
  }
  return made;
}

Result<Machine> machine_from(const Json& json) {
  Machine machine;
  SQUALL_TRY(machine.cpu, text_at(json, "cpu"));
  SQUALL_TRY(machine.kernel, text_at(json, "kernel"));
  SQUALL_TRY(machine.squall, text_at(json, "squall"));
  for (const auto& [key, into] :
       {std::pair{"cores", &machine.cores}, std::pair{"memory_bytes", &machine.memory_bytes}}) {
    const Json* number = find(json, key);
    if (number == nullptr || !number->is_number_unsigned()) return refuse(key, "a whole number");
    *into = number->get<std::uint64_t>();
  }
  return machine;
}

}  // namespace

Result<ComparedRun> read_results(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  const Json* version = find(json, "squall");
  if (version == nullptr || *version != 1) {
    return error(std::errc::illegal_byte_sequence, "no results.json of squall");
  }
  ComparedRun run;
  SQUALL_TRY(run.run, text_at(json, "run"));
  SQUALL_TRY(run.scenario, text_at(json, "scenario"));
  SQUALL_TRY(run.verdict, text_at(json, "verdict"));
  const Json* loads = find(json, "load");
  if (loads == nullptr || !loads->is_object()) return refuse("load", "loads by their names");
  for (const auto& [name, one] : loads->items()) {
    auto load = load_from(name, one);
    if (!load) return std::move(load).error().within("load " + name);
    run.loads.push_back(*std::move(load));
  }
  if (const Json* objectives = find(json, "objectives"); objectives != nullptr) {
    for (const auto& [name, one] : objectives->items()) {
      const Json* series = find(one, "series");
      if (series == nullptr) continue;
      auto objective = objective_from(name, one, *series);
      if (!objective) return std::move(objective).error().within("objective " + name);
      run.objectives.push_back(*std::move(objective));
    }
  }
  SQUALL_TRY(run.capacities, capacities_from(json));
  if (const Json* machine = find(json, "machine"); machine != nullptr && !machine->is_null()) {
    auto read = machine_from(*machine);
    if (!read) return std::move(read).error().within("machine");
    run.machine = *std::move(read);
  }
  if (const Json* agents = find(json, "agents")) run.agents = agents->size();
  return run;
}

}  // namespace squall::reports
