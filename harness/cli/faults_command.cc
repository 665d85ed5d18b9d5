#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "faults/core/in_force.h"
#include "faults/network/kernel_networks.h"
#include "faults/network/network_undo.h"
#include "faults/process/frozen_cgroup.h"
#include "faults/process/procfs_table.h"
#include "harness/agent/state_directory.h"
#include "harness/cli/commands.h"

namespace squall::cli {
namespace {

std::string agent_in_words(const faults::ChangeInForce& change) {
  if (!change.agent) return "of an agent unknown";
  return fmt::format("of agent {}, {}", change.agent->process.pid,
                     change.agent_lives ? "which will undo it" : "which is dead");
}

void print_json(const faults::InForce& found, const std::vector<std::string>& by_name) {
  auto list = nlohmann::ordered_json::array();
  for (const faults::ChangeInForce& change : found.changes) {
    nlohmann::ordered_json one = {{"change", change.intent},
                                  {"undo", change.undo},
                                  {"agent_pid", nullptr},
                                  {"agent_lives", change.agent_lives},
                                  {"journal", change.journal.string()}};
    if (change.agent) one["agent_pid"] = change.agent->process.pid;
    list.push_back(std::move(one));
  }
  const nlohmann::ordered_json json = {
      {"in_force", list}, {"by_name", by_name}, {"troubles", found.troubles}};
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

int list_faults(const FaultsCommand& command) {
  const auto state = agent::state_directory();
  if (!state) {
    fmt::print(stderr, "squall faults: {}\n", state.error().message());
    return kExitError;
  }
  faults::ProcfsTable processes;
  auto found = faults::in_force(*state / "journals", processes);
  if (!found) {
    fmt::print(stderr, "squall faults: {}\n", found.error().message());
    return kExitError;
  }
  faults::KernelNetworks networks;
  const auto is_alive = [&](pid_t pid, std::uint64_t start_ticks) {
    const auto owner = processes.look_at({pid, start_ticks});
    return owner && owner->is_alive();
  };
  const auto is_told = [&](pid_t pid, std::uint64_t start_ticks) {
    return std::any_of(found->changes.begin(), found->changes.end(), [&](const auto& change) {
      return change.agent && change.agent->process == faults::ProcessId{pid, start_ticks};
    });
  };
  const auto is_not_left = [&](pid_t pid, std::uint64_t start_ticks) {
    return is_alive(pid, start_ticks) || is_told(pid, start_ticks);
  };
  const auto is_not_elsewhere = [&](pid_t pid, std::uint64_t start_ticks) {
    return !is_alive(pid, start_ticks) || is_told(pid, start_ticks);
  };
  // A dry run only looks.
  const auto elsewhere = faults::take_back_by_name(networks, true, is_not_elsewhere);
  auto by_name = faults::take_back_by_name(networks, true, is_not_left);
  auto hung = faults::take_back_hung_by_name(processes, true, is_not_left);
  std::move(hung.done.begin(), hung.done.end(), std::back_inserter(by_name.done));
  std::move(hung.troubles.begin(), hung.troubles.end(), std::back_inserter(by_name.troubles));
  for (const std::string& trouble : by_name.troubles) found->troubles.push_back(trouble);
  if (command.json) {
    std::vector<std::string> named = elsewhere.done;
    named.insert(named.end(), by_name.done.begin(), by_name.done.end());
    print_json(*found, named);
  } else {
    const bool is_calm = found->changes.empty() && by_name.done.empty() && elsewhere.done.empty();
    if (is_calm && found->troubles.empty()) fmt::print("nothing is in force\n");
    bool is_left = !by_name.done.empty();
    for (const faults::ChangeInForce& change : found->changes) {
      fmt::print("{} ({}; undo: {})\n", change.intent, agent_in_words(change), change.undo);
      is_left = is_left || !change.agent_lives;
    }
    for (const std::string& what : elsewhere.done) {
      fmt::print("{} (found by its name; its agent lives, with another state folder)\n", what);
    }
    for (const std::string& what : by_name.done)
      fmt::print("{} (found by its name; its agent is dead)\n", what);
    if (is_left) fmt::print("'squall recover' undoes what nobody else will\n");
  }
  for (const std::string& trouble : found->troubles) fmt::print(stderr, "{}\n", trouble);
  return found->troubles.empty() ? kExitOk : kExitError;
}

}  // namespace squall::cli
