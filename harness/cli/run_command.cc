#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "harness/base/reason.h"
#include "harness/cli/commands.h"
#include "harness/cli/fleet_options.h"
#include "harness/cli/interrupts.h"
#include "harness/cli/live_progress.h"
#include "harness/cli/material.h"
#include "harness/cli/run_files.h"
#include "harness/cli/run_means.h"
#include "harness/cli/scenario_files.h"
#include "harness/cli/terminal.h"
#include "harness/coordinator/coordinator.h"
#include "harness/coordinator/run_directory.h"
#include "harness/coordinator/run_lock.h"
#include "harness/coordinator/stop_request.h"
#include "reports/compare/compare.h"
#include "reports/json/results_json.h"
#include "reports/judge/comparisons.h"
#include "reports/text/summary.h"

namespace squall::cli {
namespace {

/// Where this scenario's results go: the folder asked for, or one in it where several share it.
std::optional<std::string> folder_for(const RunCommand& command, const ScenarioFile& file) {
  if (!command.out || command.scenarios.files.size() == 1) return command.out;
  return (std::filesystem::path(*command.out) / file.parsed.scenario.name).string();
}

/// A folder for each scenario, or what keeps one from being had: then nothing is started.
Result<std::vector<coordinator::RunDirectory>> make_folders(
    const RunCommand& command, const std::vector<ScenarioFile>& files) {
  std::vector<coordinator::RunDirectory> folders;
  for (const ScenarioFile& file : files) {
    SQUALL_TRY(auto folder,
               coordinator::RunDirectory::make(folder_for(command, file), file.parsed.scenario.name,
                                               std::chrono::system_clock::now()));
    for (const coordinator::RunDirectory& other : folders) {
      if (other.path() != folder.path()) continue;
      return reason(std::errc::file_exists, file.path + ": a second scenario named " +
                                                file.parsed.scenario.name + " for one --out");
    }
    folders.push_back(std::move(folder));
  }
  return folders;
}

using Baselines = std::vector<reports::ComparedRun>;

/// The baselines of each scenario: the runs given, or the ones of that name in the folders given
/// where there are several scenarios.
Result<std::vector<Baselines>> read_baselines(const RunCommand& command,
                                              const std::vector<ScenarioFile>& files) {
  std::vector<Baselines> all;
  for (const ScenarioFile& file : files) {
    Baselines& baselines = all.emplace_back();
    for (const std::string& given : command.baselines) {
      const std::filesystem::path path = given;
      SQUALL_TRY(auto baseline,
                 read_run(files.size() == 1 ? path.string()
                                            : (path / file.parsed.scenario.name).string()));
      baselines.push_back(std::move(baseline));
    }
  }
  return all;
}

/// The judged run, compared with the baselines where there are any.
reports::RunResult judged(const RunCommand& command, const reports::RunRecord& record,
                          const std::string& text, const Baselines& baselines) {
  reports::RunResult result = reports::judge(record);
  if (baselines.empty()) return result;
  const reports::ComparedRun now = reports::compared_run(result, canonical_scenario(text));
  reports::take_baseline(reports::compare(baselines, now, compare_options(command.comparison)),
                         result);
  return result;
}

int run_one(const RunCommand& command, const ScenarioFile& file,
            const coordinator::RunDirectory& folder, const coordinator::StopRequest& stop,
            const Baselines& baselines, const std::optional<coordinator::Fleet>& fleet) {
  const WallTime now = std::chrono::system_clock::now();
  const std::string run_id = new_run_id(now);
  const auto lock = coordinator::RunLock::take(folder.path(), run_id);
  if (!lock) {
    fmt::print(stderr, "squall run: {}\n", in_words(lock.error()));
    return kExitUsage;
  }
  coordinator::RunOptions options{.squall_program = this_program(),
                                  .scenario_file = absolute(file.path),
                                  .run_directory = folder.path(),
                                  .run_id = run_id,
                                  .agents = command.agents,
                                  .shards = command.shards,
                                  .agent_flags = {},
                                  .fetch = fetch_probe,
                                  .lock = &*lock,
                                  .fleet = fleet};
  if (command.quiet) options.agent_flags.emplace_back("--quiet");

  LiveProgress progress(stderr, command.quiet);
  auto record = coordinator::run_scenario(
      file.parsed, options, stop, [&](const coordinator::RunView& view) { progress.show(view); });
  progress.finish();
  if (!record) {
    fmt::print(stderr, "squall run: {}\n", in_words(record.error()));
    return kExitError;
  }

  const reports::RunResult result = judged(command, *record, file.parsed.text, baselines);
  const auto written = folder.write(*record, result, file.parsed.text);
  if (command.json) {
    fmt::print("{}", reports::write_results_json(result));
  } else {
    fmt::print("{}", reports::write_summary(result, {.columns = terminal_columns(stdout),
                                                     .color = shows_color(stdout),
                                                     .unicode = shows_unicode()}));
    if (written) fmt::print("report: {}\n", folder.report().string());
  }
  if (std::fflush(stdout) != 0) {
    fmt::print(stderr, "squall run: what should go to stdout could not be written\n");
    return louder(kExitError, reports::exit_code(result.verdict));
  }
  if (!written) {
    fmt::print(stderr, "squall run: {}\n", written.error().message());
    return louder(kExitError, reports::exit_code(result.verdict));
  }
  return reports::exit_code(result.verdict);
}

}  // namespace

int run(const RunCommand& command) {
  const ScenarioFiles read = read_scenarios(command.scenarios);
  if (const auto* mistakes = std::get_if<1>(&read)) {
    print_mistakes(*mistakes);
    return kExitUsage;
  }
  const auto& files = std::get<0>(read);
  if (const auto lines = obstacles(files); !lines.empty()) {
    for (const std::string& line : lines) fmt::print(stderr, "{}\n", line);
    return kExitUsage;
  }
  if (command.quiet) set_up_log(LogLevel::kQuiet, "squall");

  const auto fleet = read_fleet(command, files);
  if (!fleet) {
    fmt::print(stderr, "squall run: {}\n", in_words(fleet.error()));
    return kExitUsage;
  }

  // Before the folders: runs/latest is about to be this run.
  const auto baselines = read_baselines(command, files);
  if (!baselines) {
    fmt::print(stderr, "squall run: --baseline: {}\n", in_words(baselines.error()));
    return kExitUsage;
  }
  Interrupts::block();
  const auto folders = make_folders(command, files);
  if (!folders) {
    fmt::print(stderr, "squall run: {}\n", in_words(folders.error()));
    return kExitUsage;
  }

  coordinator::StopRequest stop;
  const Interrupts interrupts([&stop](int signal) { stop.ask(signal); });
  int code = kExitOk;
  for (std::size_t i = 0; i < files.size(); ++i) {
    code = louder(code, run_one(command, files[i], (*folders)[i], stop, (*baselines)[i], *fleet));
    if (stop.times() > 0) break;
  }
  return code;
}

}  // namespace squall::cli
