#include "harness/cli/run_files.h"

#include <filesystem>
#include <utility>

#include "harness/base/files.h"
#include "reports/hdr/read_histogram_log.h"
#include "reports/json/read_results.h"
#include "scenarios/parse/mistakes.h"
#include "scenarios/parse/yaml.h"

namespace squall::cli {

namespace fs = std::filesystem;

std::string canonical_scenario(std::string_view text) {
  scenarios::Mistakes mistakes;
  auto root = scenarios::read_yaml(text, 0, mistakes);
  if (!root || !mistakes.empty()) return std::string(text);
  std::erase_if(root->entries,
                [](const scenarios::Node::Entry& entry) { return entry.key == "description"; });
  return scenarios::to_yaml(*root);
}

Result<reports::ComparedRun> read_run(const std::string& path) {
  std::error_code ignored;
  const bool is_folder = fs::is_directory(path, ignored);
  const fs::path results = is_folder ? fs::path(path) / "results.json" : fs::path(path);
  SQUALL_TRY(const std::string text, read_file(results));
  auto run = reports::read_results(text);
  if (!run) return std::move(run).error().within(results.string());
  const fs::path log = results.parent_path() / "histograms.hlog";
  SQUALL_TRY(const std::string histograms, read_file(log));
  if (auto added = reports::add_responses(histograms, *run); !added) {
    return std::move(added).error().within(log.string());
  }
  if (auto scenario = read_file(results.parent_path() / "scenario.yaml")) {
    (*run).text = canonical_scenario(*scenario);
  }
  return run;
}

}  // namespace squall::cli
