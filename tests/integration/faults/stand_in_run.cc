#include "tests/integration/faults/stand_in_run.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "faults/core/journal.h"
#include "faults/core/reaper.h"
#include "faults/link/links.h"
#include "harness/agent/fault_runner.h"
#include "harness/agent/link_places.h"
#include "harness/agent/network_sites.h"
#include "harness/services/services.h"
#include "scenarios/parse/parse.h"
#include "scenarios/plan/plan.h"

#include "tests/integration/faults/mortal_networks.h"
#include "tests/integration/faults/mortal_table.h"

namespace squall::stand_in {
namespace {

struct Options {
  std::string directory;
  std::string scenario;
  bool with_reaper = true;
  bool orderly = false;
  int die_before = 0;
};

Options read_options(const std::vector<std::string>& words) {
  Options options;
  options.directory = words.at(0);
  options.scenario = words.at(1);
  for (std::size_t at = 2; at < words.size(); ++at) {
    if (words[at] == "--no-reaper") options.with_reaper = false;
    if (words[at] == "--orderly") options.orderly = true;
    if (words[at] == "--die-before") options.die_before = std::stoi(words.at(++at));
  }
  return options;
}

scenarios::Scenario read_scenario(const std::string& file) {
  auto read = scenarios::parse_file(file, {});
  if (const auto* mistakes = std::get_if<std::vector<scenarios::Mistake>>(&read)) {
    give_up(error(std::errc::invalid_argument, mistakes->front().text()));
  }
  return std::get<scenarios::ParsedScenario>(std::move(read)).scenario;
}

/// Which faults have come, as the runner tells on threads of its own.
class Arrivals {
 public:
  explicit Arrivals(const std::vector<scenarios::PlannedFault>& planned) {
    for (const scenarios::PlannedFault& one : planned) awaited_.insert(one.label);
  }

  void note(const reports::FaultRecord& record) {
    using State = reports::FaultRecord::State;
    const std::lock_guard lock(mutex_);
    if (record.state == State::kFailed) say("failed " + record.label + ": " + record.error);
    if (record.state == State::kResidue) {
      say("residue " + record.label + ": " + record.error);
      is_clean_ = false;
    }
    awaited_.erase(record.label);
    all_there_.notify_all();
  }
  void wait_for_all() {
    std::unique_lock lock(mutex_);
    all_there_.wait(lock, [this] { return awaited_.empty(); });
  }
  bool is_clean() const {
    const std::lock_guard lock(mutex_);
    return is_clean_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable all_there_;
  std::set<std::string> awaited_;
  bool is_clean_ = true;
};

template <typename Kind>
bool has_any(const scenarios::Scenario& scenario) {
  return std::any_of(
      scenario.faults.begin(), scenario.faults.end(),
      [](const faults::FaultSpec& one) { return std::holds_alternative<Kind>(one.what); });
}

}  // namespace

int run(const std::string& program, const std::vector<std::string>& words) {
  const Options options = read_options(words);
  ::setenv("SQUALL_TEST_MARK", options.directory.c_str(), 1);  // Of all that it starts.
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);

  const scenarios::Scenario scenario = read_scenario(options.scenario);
  const scenarios::Plan plan = must(scenarios::compile(scenario));
  faults::Mortality mortality;
  mortality.die_before(options.die_before);
  faults::MortalTable table(mortality);
  faults::MortalNetworks networks(mortality);
  const auto journal =
      must(faults::Journal::open(options.directory, must(faults::this_owner(table))));
  auto scope = faults::ProcessScope::around_this_process();
  scope.directory = scenario.directory;
  std::optional<faults::Reaper> reaper;
  if (options.with_reaper) {
    reaper = must(faults::Reaper::start(program, options.directory));
    scope.protect.emplace_back(reaper->pid(), "the reaper");
    say("reaper " + std::to_string(reaper->pid()));
  }
  const auto services =
      must(services::Services::make(scenario.services, {scenario.directory, options.directory},
                                    *journal, table, nullptr, nullptr));
  must(services->start_all());
  if (const auto started = services->processes(); !started.empty()) {
    say("service " + std::to_string(started.front().id.pid));
  }
  std::unique_ptr<agent::NetworkSites> sites;
  if (has_any<faults::NetworkFault>(scenario)) {
    sites = must(agent::NetworkSites::make(networks, table));
    must(sites->protect("127.0.0.1:7400"));
  }
  std::unique_ptr<faults::Links> links;
  if (has_any<faults::LinkFault>(scenario)) {
    links = must(faults::Links::make(must(agent::places_of_links(scenario))));
  }
  Arrivals arrivals(plan.faults);
  {
    agent::FaultRunner runner(plan.faults, scenario.faults,
                              {.processes = table,
                               .journal = *journal,
                               .services = *services,
                               .links = links.get(),
                               .networks = sites.get(),
                               .pressure = {program, scenario.directory},
                               .loads = nullptr,
                               .scope = scope,
                               .about_to_hit = [](const std::string&) {}},
                              [&](const reports::FaultRecord& one) { arrivals.note(one); });
    runner.start(std::chrono::steady_clock::now());
    arrivals.wait_for_all();
    say("in force");
    if (!options.orderly) {
      int signal = 0;
      ::sigwait(&term, &signal);
    }
    runner.stop();
  }
  must(services->stop_all());
  must(journal->close());
  // A reaper that was killed has no end to be told of.
  if (reaper && !reaper->end()) say("the reaper is gone");
  say("calls " + std::to_string(mortality.calls()));
  return arrivals.is_clean() ? 0 : 6;
}

}  // namespace squall::stand_in
