// As much of an agent as the killing tests need: it arms the reaper, starts a service, stops
// processes, says on stdout how far it is, and then waits to be killed.
//
//   agent_stand_in run JOURNAL [--no-reaper] [--service] [--victim PID]... [--pressure] [--orderly]
//   agent_stand_in pressure --line N ORDER...
//   agent_stand_in reaper --journal DIRECTORY --fd N

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "faults/core/journal.h"
#include "faults/core/reaper.h"
#include "faults/pressure/pressing.h"
#include "faults/pressure/pressure_fault.h"
#include "faults/process/process_fault.h"
#include "faults/process/procfs_table.h"
#include "harness/services/services.h"

namespace {

using namespace squall;  // NOLINT(google-build-using-namespace): a program of one file.

[[noreturn]] void give_up(const Error& why) {
  std::fprintf(stderr, "agent stand-in: %s\n", why.message().c_str());
  std::exit(1);
}

template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  return *std::move(result);
}

void must(Result<void> result) {
  if (!result) give_up(result.error());
}

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

/// Its processes carry `mark` in their environment, so that a test finds each of them.
scenarios::ServiceSpec a_service(const std::string& mark) {
  scenarios::ServiceSpec spec;
  spec.name = "sleepers";
  spec.command = {"sh", "-c", "sleep 1000 & sleep 1000 & wait"};
  spec.environment = {{"SQUALL_TEST_MARK", mark}};
  spec.restart = scenarios::ServiceSpec::Restart::kAlways;
  return spec;
}

int run(const std::string& program, const std::vector<std::string>& arguments) {
  const std::string& directory = arguments.at(0);
  bool with_reaper = true;
  bool with_service = false;
  bool with_pressure = false;
  bool orderly = false;
  std::vector<pid_t> victims;
  for (std::size_t at = 1; at < arguments.size(); ++at) {
    if (arguments[at] == "--no-reaper") with_reaper = false;
    if (arguments[at] == "--service") with_service = true;
    if (arguments[at] == "--pressure") with_pressure = true;
    if (arguments[at] == "--orderly") orderly = true;
    if (arguments[at] == "--victim") victims.push_back(std::stoi(arguments.at(++at)));
  }

  faults::ProcfsTable table;
  const auto journal = must(faults::Journal::open(directory, must(faults::this_owner(table))));
  std::optional<faults::Reaper> reaper;
  if (with_reaper) {
    reaper = must(faults::Reaper::start(program, directory));
    say("reaper " + std::to_string(reaper->pid()));
  }
  std::unique_ptr<services::Services> services;
  if (with_service) {
    services = must(services::Services::make({a_service(directory)}, {"/", directory}, *journal,
                                             table, nullptr, nullptr));
    must(services->start_all());
    say("service " + std::to_string(services->processes().at(0).id.pid));
  }
  std::vector<faults::InjectedProcessFault> injected;
  for (const pid_t victim : victims) {
    faults::ProcessFault fault;
    fault.signal = SIGSTOP;
    const std::string file = directory + "/victim.pid";
    std::FILE* pid_file = std::fopen(file.c_str(), "w");
    std::fprintf(pid_file, "%d\n", victim);
    std::fclose(pid_file);
    fault.match.pid_file = file;
    auto scope = faults::ProcessScope::around_this_process();
    injected.push_back(must(faults::inject(table, *journal, fault, "freeze", scope)));
    say("seen " + injected.back().seen);
  }
  std::optional<faults::InjectedPressure> pressure;
  if (with_pressure) {
    constexpr std::uint64_t kSize = std::uint64_t{4} << 20U;
    const faults::PressureFault fill{faults::DiskFillPressure{directory, Bytes{kSize}, {}}};
    pressure = must(
        faults::inject({program, "/"}, table, *journal, fill, std::chrono::minutes(5), "fill"));
    say("seen " + pressure->finding.seen);
  }
  say("in force");
  if (!orderly) {
    while (true) ::pause();
  }
  for (auto& one : injected) must(one.active.revert());
  if (pressure) must(pressure->active.revert());
  if (services) must(services->stop_all());
  must(journal->close());
  if (reaper) must(reaper->end());
  return 0;
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  if (arguments.size() == 5 && arguments[0] == "reaper") {
    squall::faults::ProcfsTable table;
    return squall::faults::run_reaper(std::stoi(arguments[4]), arguments[2], table);
  }
  if (arguments.size() >= 4 && arguments[0] == "pressure") {
    const auto order = squall::faults::read_order({arguments.begin() + 3, arguments.end()});
    return order ? squall::faults::press(std::stoi(arguments[2]), *order) : 2;
  }
  if (arguments.size() >= 2 && arguments[0] == "run") {
    return run("/proc/self/exe", {arguments.begin() + 1, arguments.end()});
  }
  std::fprintf(stderr, "usage: see the source\n");
  return 2;
}
