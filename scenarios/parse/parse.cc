#include "scenarios/parse/parse.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "harness/base/files.h"
#include "scenarios/parse/overrides.h"
#include "scenarios/parse/reader.h"
#include "scenarios/parse/sections.h"
#include "scenarios/parse/variables.h"
#include "scenarios/parse/yaml.h"

namespace squall::scenarios {
namespace {

struct Section {
  const char* key;
  void (*read)(Reading& reading, const Node& section);
};

// In this order: faults look at services, matrix at faults, and capacity at all others.
constexpr std::array kSections{
    Section{"services", read_services}, Section{"targets", read_targets},
    Section{"data", read_data},         Section{"load", read_loads},
    Section{"faults", read_faults},     Section{"objectives", read_objectives},
    Section{"probes", read_probes},     Section{"guards", read_guards},
    Section{"steady", read_steady},     Section{"domains", read_domains},
    Section{"safety", read_safety},     Section{"agents", read_agents},
    Section{"matrix", read_matrix},     Section{"capacity", read_capacity},
};

/// The name of a scenario names a folder, too.
Parsed<std::string> parse_scenario_name(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  const auto may_stand = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  if (!text.empty() && text.size() <= kLongest && text.front() != '.' && text.front() != '-' &&
      std::all_of(text.begin(), text.end(), may_stand)) {
    return Parsed<std::string>::ok(std::string(text));
  }
  return Parsed<std::string>::no(in_quotes(text) +
                                 " is no name for a scenario: expected letters, digits, '.', '-'"
                                 " and '_', at most 64 (other words go into 'description')");
}

void read_version(const MapReader& map, Reading& reading) {
  const Node* node = map.require("squall", "the version of the language: 1");
  if (node == nullptr) return;
  const auto version = read(reading, *node, kWhole);
  if (version && *version != 1) {
    map.mistake(node->place, in_quotes(node->text) +
                                 " is no version of the language that this program reads:"
                                 " expected 1");
  }
}

void read_root(Reading& reading, const Node& root) {
  std::vector<std::string> keys{"squall", "name", "description", "vars", "seed"};
  for (const Section& section : kSections) keys.emplace_back(section.key);
  const MapReader map(reading, root, "scenario", keys);
  if (!map.is_map()) return;
  read_version(map, reading);
  map.set_required(reading.scenario.name, "name", Kind<std::string>{"a name", parse_scenario_name});
  map.set(reading.scenario.description, "description", kText);
  map.set(reading.scenario.seed, "seed", kWhole);
  map.require("targets", "where load goes");
  map.require("load", "what is sent");
  for (const Section& section : kSections) {
    const Node* node = map.find(section.key);
    if (node == nullptr) {
      const bool is_required = section.read == read_targets || section.read == read_loads;
      if (is_required || map.is_misspelt(section.key)) reading.lost_sections.insert(section.key);
      continue;
    }
    for (const Node::Entry& entry : node->entries) reading.names[section.key].push_back(entry.key);
  }
  if (const Node* matrix = map.find("matrix");
      matrix != nullptr && map.find("capacity") == nullptr && !map.is_misspelt("capacity")) {
    map.mistake(matrix->place, "matrix: there is no 'capacity' that could be searched in each row");
  }
  for (const Section& section : kSections) {
    if (const Node* node = map.find(section.key)) section.read(reading, *node);
  }
}

std::string directory_of(const std::string& file) {
  const std::string folder = std::filesystem::path(file).parent_path().string();
  return folder.empty() ? "." : folder;
}

/// All of parse() but its net for exceptions. Fills `made`, or tells mistakes.
void parse_into(ParsedScenario& made, Mistakes& mistakes, std::string_view text,
                const std::vector<std::string>& sources, const ParseOptions& options) {
  auto root = read_yaml(text, 0, mistakes);
  if (!root) return;
  if (root->kind == Node::Kind::kNothing) {
    mistakes.add(root->place, "an empty file: expected a scenario, which begins with 'squall: 1'");
    return;
  }
  for (const std::string& path : options.left_out) leave_out(path, *root);
  for (std::size_t i = 0; i < options.overrides.size(); ++i) {
    apply(options.overrides[i], i + 1, *root, mistakes);
  }
  const bool is_as_written = options.overrides.empty() && options.left_out.empty();
  made.text = is_as_written ? std::string(text) : to_yaml(*root);

  Variables variables(root->find("vars"), options.squall_program, mistakes);
  variables.fill(*root);

  Reading reading{mistakes, {}, {}, {}, variables.names(), {}, {}, {}};
  reading.scenario.directory = directory_of(sources.front());
  read_root(reading, *root);
  std::stable_sort(reading.not_supported.begin(), reading.not_supported.end(),
                   [](const auto& a, const auto& b) { return a.second < b.second; });
  for (auto& [what, place] : reading.not_supported) {
    const Mistake where{sources.at(place.source), place.line, place.column, {}};
    std::string at = where.text();
    at.resize(at.size() - 2);  // Less the ": " before an empty message.
    reading.scenario.not_supported.push_back({std::move(what), std::move(at)});
  }
  made.scenario = std::move(reading.scenario);
  if (const Node* faults = root->find("faults")) {
    for (const auto& [name, key, fault] : faults->entries) {
      made.fault_places[name] = {sources.at(key.source), key.line, key.column, {}};
    }
  }
}

}  // namespace

Mistake ParsedScenario::mistake(const std::string& file, std::string message) const {
  constexpr std::string_view kFault = "fault ";
  Mistake made{file, 0, 0, {}};
  if (message.starts_with(kFault)) {
    const std::size_t end = message.find_first_of(":#", kFault.size());
    const auto place = fault_places.find(message.substr(kFault.size(), end - kFault.size()));
    if (place != fault_places.end()) made = place->second;
  }
  made.message = std::move(message);
  return made;
}

ParseOutcome parse(std::string_view text, const std::string& file, const ParseOptions& options) {
  std::vector<std::string> sources{file};
  for (const Override& setting : options.overrides) sources.push_back(source_name(setting));
  Mistakes mistakes;
  ParsedScenario made;
  try {
    parse_into(made, mistakes, text, sources, options);
  } catch (const std::exception& exception) {  // std::bad_alloc, or a bug of a library.
    mistakes.add({}, std::string("cannot be read: ") + exception.what());
  }
  if (!mistakes.empty()) return mistakes.listed(sources);
  return made;
}

ParseOutcome parse_file(const std::string& file, const ParseOptions& options) {
  const auto refuse = [&](const std::string& why) {
    return std::vector<Mistake>{Mistake{file, 0, 0, "cannot be read: " + why}};
  };
  // One more than is allowed tells too much.
  const auto text = read_file(file, kMostText + 1);
  if (!text) return refuse(text.error().code.message());
  return parse(*text, file, options);
}

}  // namespace squall::scenarios
