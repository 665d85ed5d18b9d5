#include <cstdio>
#include <string>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/cli/commands.h"
#include "harness/cli/material.h"
#include "harness/cli/scenario_files.h"
#include "scenarios/plan/notes.h"
#include "scenarios/plan/plan.h"

namespace squall::cli {
namespace {

void print_json(const std::vector<scenarios::Mistake>& mistakes) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const scenarios::Mistake& mistake : mistakes) {
    list.push_back({{"file", mistake.file},
                    {"line", mistake.line},
                    {"column", mistake.column},
                    {"message", mistake.message}});
  }
  fmt::print("{}\n", list.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

int validate(const ValidateCommand& command) {
  const ScenarioFiles read = read_scenarios(command.scenarios);
  std::vector<scenarios::Mistake> mistakes;
  if (const auto* found = std::get_if<1>(&read)) {
    mistakes = *found;
  } else {
    for (const ScenarioFile& file : std::get<0>(read)) {
      if (auto compiled = scenarios::compile(file.parsed.scenario); !compiled) {
        mistakes.push_back(file.parsed.mistake(file.path, compiled.error().trail));
      } else if (const auto unusable = unusable_material(file.parsed.scenario); !unusable.empty()) {
        for (const std::string& why : unusable) {
          mistakes.push_back({.file = file.path, .message = why});
        }
      } else if (!command.json) {
        fmt::print("{}: ok\n", file.path);
        for (const scenarios::NotSupported& part : file.parsed.scenario.not_supported) {
          fmt::print("{}: note: not supported yet by run: {}\n", part.where, part.what);
        }
        for (const std::string& missing : missing_programs(file.parsed.scenario)) {
          fmt::print("{}: note: {}\n", file.path, missing);
        }
        for (const std::string& note : scenarios::notes_on(*compiled)) {
          fmt::print("{}: note: {}\n", file.path, note);
        }
      }
    }
  }
  if (command.json) {
    print_json(mistakes);
  } else {
    print_mistakes(mistakes);
  }
  return mistakes.empty() ? kExitOk : kExitUsage;
}

}  // namespace squall::cli
