#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "harness/base/log.h"
#include "harness/base/reason.h"
#include "harness/cli/commands.h"
#include "harness/cli/interrupts.h"
#include "harness/cli/live_progress.h"
#include "harness/cli/material.h"
#include "harness/cli/run_means.h"
#include "harness/cli/scenario_files.h"
#include "harness/cli/terminal.h"
#include "harness/coordinator/coordinator.h"
#include "harness/coordinator/run_directory.h"
#include "harness/coordinator/run_lock.h"
#include "harness/coordinator/stop_request.h"
#include "reports/html/absences_html.h"
#include "reports/json/absences_json.h"
#include "reports/judge/absence_result.h"
#include "reports/judge/words.h"
#include "reports/text/absences.h"
#include "scenarios/parse/values.h"
#include "scenarios/plan/absence.h"

namespace squall::cli {
namespace {

namespace fs = std::filesystem;
using scenarios::Absence;
using scenarios::AbsenceTiming;

/// One thing to take away, the scenario that does so, and where its run goes.
struct Trial {
  Absence absence;
  ScenarioFile file;
  std::optional<coordinator::RunDirectory> folder = {};
};

/// All that is to be done.
struct Hunt {
  std::string name;  ///< Of the scenario.
  AbsenceTiming timing;
  Duration load{};  ///< Of each run.
  std::vector<std::string> left_out;
  std::vector<Trial> trials;
};

Error wrong(std::string why) { return error(std::errc::invalid_argument, std::move(why)); }

/// The scenario with this change; its mistakes are the user's, and told as such.
Result<ScenarioFile> read_scenario(const SpofCommand& command,
                                   const scenarios::ScenarioChange& change) {
  ScenarioOptions options{
      .files = {command.scenario}, .sets = command.sets, .left_out = change.left_out};
  for (const auto& [path, value] : change.set)
    options.sets.push_back(fmt::format("{}={}", path, value));
  ScenarioFiles read = read_scenarios(options);
  if (const auto* mistakes = std::get_if<1>(&read)) {
    std::vector<std::string> lines;
    for (const scenarios::Mistake& mistake : *mistakes) lines.push_back(mistake.text());
    return wrong(fmt::format("{}", fmt::join(lines, "\n")));
  }
  return std::move(std::get<0>(read).front());
}

Result<std::optional<Duration>> read_duration(const std::optional<std::string>& text,
                                              std::string_view option) {
  if (!text) return std::optional<Duration>();
  const auto parsed = scenarios::parse_positive_duration(*text);
  if (!parsed.value) return wrong(fmt::format("{}: {}", option, parsed.mistake));
  return std::optional(*parsed.value);
}

/// What is asked for of all that can be taken away.
Result<std::vector<Absence>> chosen(const SpofCommand& command,
                                    const scenarios::Scenario& scenario) {
  std::vector<Absence> all = scenarios::absences_of(scenario);
  if (all.empty()) return wrong("the scenario has no services: there is nothing to take away");
  if (command.only.empty()) return all;
  std::vector<Absence> found;
  for (const std::string& name : command.only) {
    const auto one =
        std::find_if(all.begin(), all.end(), [&](const Absence& a) { return a.name == name; });
    if (one == all.end()) {
      std::vector<std::string> names;
      for (const Absence& absence : all) names.push_back(absence.name);
      return wrong(fmt::format("--only {}: there is none: expected some of {}", name,
                               fmt::join(names, ", ")));
    }
    found.push_back(*one);
  }
  return found;
}

/// Reads and compiles every run before the first begins, so that none fails for a slip.
Result<Hunt> plan_hunt(const SpofCommand& command) {
  SQUALL_TRY(const ScenarioFile plain, read_scenario(command, {}));
  if (const auto lines = obstacles({plain}); !lines.empty()) {
    return wrong(fmt::format("{}", fmt::join(lines, "\n")));
  }
  const scenarios::Scenario& scenario = plain.parsed.scenario;
  SQUALL_TRY(const auto from, read_duration(command.from, "--at"));
  SQUALL_TRY(const auto length, read_duration(command.length, "--for"));
  const auto way = command.how == "kill" ? AbsenceTiming::Way::kKill : AbsenceTiming::Way::kFreeze;
  Hunt hunt;
  hunt.name = scenario.name;
  SQUALL_TRY(hunt.timing, scenarios::absence_timing(scenario, way, from, length));
  hunt.left_out = scenarios::bound_to_faults(scenario);
  SQUALL_TRY(const auto absences, chosen(command, scenario));
  for (const Absence& absence : absences) {
    SQUALL_TRY(auto file,
               read_scenario(command, scenarios::change_for(absence, hunt.timing, scenario)));
    if (file.parsed.scenario.objectives.empty()) {
      return wrong(
          "no objective looks at the whole run: without one nobody can say what was survived");
    }
    for (const scenarios::NotSupported& part : file.parsed.scenario.not_supported) {
      return wrong(fmt::format("{}: not supported yet: {}", part.where, part.what));
    }
    SQUALL_TRY(const auto plan, scenarios::compile(file.parsed.scenario));
    hunt.load = plan.length;
    hunt.trials.push_back({.absence = absence, .file = std::move(file)});
  }
  return hunt;
}

std::string what_goes(const Hunt& hunt, const Absence& absence) {
  const bool is_killed = hunt.timing.way == AbsenceTiming::Way::kKill;
  return fmt::format("{}: {} {} ({}) at {}{}", absence.name, is_killed ? "kill" : "freeze",
                     fmt::join(absence.members, ", "), scenarios::to_string(absence.kind),
                     reports::as_chosen(hunt.timing.from),
                     is_killed ? ", for good" : " for " + reports::as_chosen(hunt.timing.length));
}

void print_plan(const Hunt& hunt) {
  fmt::print("{}: {} of {} each, and the time to start and stop\n", hunt.name,
             reports::counted(hunt.trials.size(), "run"), reports::as_chosen(hunt.load));
  for (const Trial& trial : hunt.trials) fmt::print("  {}\n", what_goes(hunt, trial.absence));
  fmt::print("judged: {}\n", [&] {
    std::vector<std::string> names;
    for (const auto& objective : hunt.trials.front().file.parsed.scenario.objectives) {
      names.push_back(objective.name);
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }());
  fmt::print("left out: the scenario's own faults{}\n",
             hunt.left_out.empty()
                 ? std::string()
                 : fmt::format(" and what looks at them ({})", fmt::join(hunt.left_out, ", ")));
}

/// A folder for all, and one in it for each run.
Result<coordinator::RunDirectory> make_folders(const SpofCommand& command, Hunt& hunt) {
  SQUALL_TRY(auto top, coordinator::RunDirectory::make(command.out, "spof-" + hunt.name,
                                                       std::chrono::system_clock::now()));
  if (fs::exists(top.path() / "spof.json")) {
    return reason(std::errc::file_exists,
                  "--out " + top.shown().string() + " already holds a hunt");
  }
  for (Trial& trial : hunt.trials) {
    SQUALL_TRY(auto folder,
               coordinator::RunDirectory::make((top.shown() / trial.absence.name).string(),
                                               hunt.name, std::chrono::system_clock::now()));
    trial.folder.emplace(std::move(folder));
  }
  return top;
}

/// Runs one trial as `squall run` would, and judges what is said of the absence.
Result<reports::AbsenceResult> try_one(const SpofCommand& command, const Hunt& hunt,
                                       const Trial& trial, const coordinator::StopRequest& stop) {
  const std::string run_id = new_run_id(std::chrono::system_clock::now());
  SQUALL_TRY(const auto lock, coordinator::RunLock::take(trial.folder->path(), run_id));
  coordinator::RunOptions options{.squall_program = this_program(),
                                  .scenario_file = absolute(trial.file.path),
                                  .run_directory = trial.folder->path(),
                                  .run_id = run_id,
                                  .agents = 1,
                                  .shards = command.shards,
                                  .agent_flags = {},
                                  .fetch = fetch_probe,
                                  .lock = &lock};
  if (command.quiet) options.agent_flags.emplace_back("--quiet");
  LiveProgress progress(stderr, command.quiet);
  auto record =
      coordinator::run_scenario(trial.file.parsed, options, stop,
                                [&](const coordinator::RunView& view) { progress.show(view); });
  progress.finish();
  if (!record) return std::move(record).error();
  const reports::RunResult result = reports::judge(*record);
  if (auto written = trial.folder->write(*record, result, trial.file.parsed.text); !written) {
    return std::move(written).error();
  }
  auto judged = reports::judge_absence(trial.absence, hunt.timing, *record, result);
  judged.folder = trial.absence.name;
  return judged;
}

Result<void> write_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return error(std::errc::io_error, "write " + path.string());
  return {};
}

/// What a trial's run says for the exit code.
int code_of(const reports::AbsenceResult& result) {
  using Outcome = reports::AbsenceResult::Outcome;
  if (result.outcome == Outcome::kSurvived) return kExitOk;
  if (result.outcome == Outcome::kSinglePoint) return reports::exit_code(reports::Verdict::kFail);
  // An objective that was missed already without anything away is no answer, as an invalid run.
  const int code = reports::exit_code(result.verdict);
  const bool is_loud = code != kExitOk && code != reports::exit_code(reports::Verdict::kFail);
  return is_loud ? code : reports::exit_code(reports::Verdict::kInvalid);
}

int conclude(const SpofCommand& command, const Hunt& hunt, const coordinator::RunDirectory& folder,
             std::vector<reports::AbsenceResult> results, int code) {
  for (const reports::AbsenceResult& result : results) code = louder(code, code_of(result));
  std::vector<std::string> untried;
  for (std::size_t i = results.size(); i < hunt.trials.size(); ++i) {
    untried.push_back(hunt.trials[i].absence.name);
  }
  reports::rank(results);
  const std::string json = reports::write_absences_json(hunt.name, hunt.timing, results, untried);
  auto written = write_file(folder.path() / "spof.json", json);
  if (written) {
    written = write_file(folder.path() / "index.html",
                         reports::write_absences_html(hunt.name, hunt.timing, results));
  }
  if (command.json) {
    fmt::print("{}", json);
  } else {
    fmt::print("{}", reports::write_absences(hunt.name, results,
                                             {.columns = terminal_columns(stdout),
                                              .color = shows_color(stdout),
                                              .unicode = shows_unicode()}));
    if (!untried.empty()) fmt::print("not tried: {}\n", fmt::join(untried, ", "));
    if (written) fmt::print("report: {}\n", (folder.shown() / "index.html").string());
  }
  if (!written || std::fflush(stdout) != 0) {
    fmt::print(stderr, "squall spof: {}\n",
               written ? "stdout could not be written" : written.error().message());
    return louder(kExitError, code);
  }
  return code;
}

}  // namespace

int spof(const SpofCommand& command) {
  auto hunt = plan_hunt(command);
  if (!hunt) {
    fmt::print(stderr, "{}\n", hunt.error().trail);
    return kExitUsage;
  }
  if (command.dry_run) {
    print_plan(*hunt);
    return kExitOk;
  }
  if (command.quiet) set_up_log(LogLevel::kQuiet, "squall");
  Interrupts::block();
  const auto folder = make_folders(command, *hunt);
  if (!folder) {
    fmt::print(stderr, "squall spof: {}\n", in_words(folder.error()));
    return kExitUsage;
  }
  coordinator::StopRequest stop;
  const Interrupts interrupts([&stop](int signal) { stop.ask(signal); });
  std::vector<reports::AbsenceResult> results;
  int code = kExitOk;
  for (std::size_t i = 0; i < hunt->trials.size(); ++i) {
    const Trial& trial = hunt->trials[i];
    if (!command.quiet) {
      fmt::print(stderr, "{} of {}: {}\n", i + 1, hunt->trials.size(),
                 what_goes(*hunt, trial.absence));
    }
    auto result = try_one(command, *hunt, trial, stop);
    if (!result) {
      fmt::print(stderr, "squall spof: {}: {}\n", trial.absence.name, in_words(result.error()));
      code = louder(code, kExitError);
      break;
    }
    results.push_back(*std::move(result));
    // What cannot be undone must not be built upon; and `squall stop` means all of it.
    const reports::AbsenceResult& last = results.back();
    const bool is_stopped = last.outcome == reports::AbsenceResult::Outcome::kUnknown &&
                            last.verdict == reports::Verdict::kAborted;
    if (stop.times() > 0 || is_stopped || last.verdict == reports::Verdict::kResidue) break;
  }
  if (stop.times() > 0) code = louder(code, reports::exit_code(reports::Verdict::kAborted));
  return conclude(command, *hunt, *folder, std::move(results), code);
}

}  // namespace squall::cli
