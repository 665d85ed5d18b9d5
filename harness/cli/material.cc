#include "harness/cli/material.h"

#include <memory>
#include <system_error>
#include <utility>
#include <variant>

#include "generators/load/prepared_load.h"
#include "generators/request/data_table.h"
#include "harness/services/instance.h"

namespace squall::cli {
namespace {

using generators::DataTables;

const generators::TargetSpec* target_of(const generators::LoadSpec& load,
                                        const scenarios::Scenario& scenario) {
  for (const generators::TargetSpec& target : scenario.targets) {
    if (target.name == load.target) return &target;
  }
  return nullptr;
}

std::string in_words(const Error& failure) {
  // Who found it says already what is wrong with it.
  const bool is_plain = failure.code == std::errc::invalid_argument && !failure.trail.empty();
  return is_plain ? failure.trail : failure.message();
}

}  // namespace

std::vector<std::string> unusable_material(const scenarios::Scenario& scenario) {
  auto read = generators::read_tables(scenario.data, scenario.directory, scenario.seed);
  if (!read) return {in_words(read.error())};
  const auto tables = std::make_shared<const DataTables>(*std::move(read));
  std::vector<std::string> lines;
  for (const generators::LoadSpec& load : scenario.loads) {
    const generators::TargetSpec* target = target_of(load, scenario);
    if (target == nullptr) continue;
    // What is recorded has been read with the scenario, which may take long.
    if (std::holds_alternative<generators::ReplaySpec>(load.schedule)) continue;
    const auto made =
        generators::PreparedLoad::make(load, *target, scenario.seed, scenario.directory, tables);
    // What is not supported yet is told of with its place in the file.
    if (!made && made.error().code != std::errc::not_supported) {
      lines.push_back(in_words(made.error()));
    }
  }
  return lines;
}

std::vector<std::string> missing_programs(const scenarios::Scenario& scenario) {
  std::vector<std::string> lines;
  for (const scenarios::ServiceSpec& service : scenario.services) {
    const auto made = services::Instance::make(service, 1, scenario.directory, {});
    if (!made) lines.push_back(in_words(made.error()));
  }
  return lines;
}

}  // namespace squall::cli
