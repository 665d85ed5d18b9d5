#pragma once

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "faults/core/recover.h"
#include "faults/process/procfs_table.h"

#include "tests/support/child_process.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {

/// The folder of journals in a state folder of its own, which has the audit log beside it.
class Journals {
 public:
  Journals() { std::filesystem::create_directory(path()); }

  std::filesystem::path path() const { return state_ / "journals"; }
  std::filesystem::path operator/(const std::string& name) const { return path() / name; }

 private:
  TemporaryFolder state_;
};

/// An agent's stand-in that is killed, its reaper, and what is left of them and of their faults.
class MortalAgent {
 protected:
  /// Writes a scenario with these faults, each "NAME: {…}", by an agent's stand-in that has them in
  /// force; its services sleep. The victim's pid is in a file.
  ChildProcess start_agent(const std::vector<std::string>& faults,
                           const std::vector<std::string>& options = {},
                           const ChildProcess* victim = nullptr) {
    if (victim != nullptr) std::ofstream(folder_ / "victim.pid") << victim->pid();
    std::ofstream file(folder_ / "killing.yaml");
    file << "squall: 1\nname: killing\n";
    if (has_service_) {
      file << "services: {sleepers: {command: [sh, -c, 'sleep 1000 & sleep 1000 & wait'],"
              " restart: always}}\n";
    }
    file << "targets: {edge: {url: 'http://127.0.0.1:9', protocol: h1, connections: 1,"
            " timeout: 1s}}\n"
            "load: {browse: {target: edge, open: {stages: [{rate: 1/s, for: 10m}]},"
            " requests: [{get: /}]}}\n"
            "objectives: {available: {load: browse, good: status < 500, goal: 50%}}\n";
    if (!faults.empty()) file << "faults:\n";
    for (const std::string& one : faults) file << "  " << one << "\n";
    file.close();
    std::vector<std::string> arguments{SQUALL_AGENT_STAND_IN, "run", folder_ / "run",
                                       folder_ / "killing.yaml"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return ChildProcess(arguments);
  }

  /// The pid in the agent's line "WORD PID".
  static pid_t read_pid(ChildProcess& agent, const std::string& word) {
    const std::string line = agent.read_line();
    EXPECT_TRUE(line.starts_with(word + " ")) << line;
    return line.size() > word.size() ? std::stoi(line.substr(word.size() + 1)) : 0;
  }

  static void wait_until_in_force(ChildProcess& agent) {
    std::string line;
    do {
      line = agent.read_line();
      ASSERT_FALSE(line.empty()) << "the agent ended too soon";
    } while (line != "in force");
  }

  char state_of(pid_t pid) {
    auto info = table_.look_up(pid);
    return info ? info->state : '-';
  }

  std::vector<ProcessInfo> tree_of_pid(pid_t leader) {
    const auto all = table_.list();
    EXPECT_TRUE(ok(all));
    std::vector<ProcessInfo> tree;
    for (const ProcessInfo& one : *all) {
      if (one.is_alive() && one.session == leader) tree.push_back(one);
    }
    return tree;
  }

  /// The agents, reapers, those who press and the services of this test that are alive.
  std::vector<ProcessInfo> processes_of_agents() {
    const auto all = table_.list();
    EXPECT_TRUE(ok(all));
    const std::string mark = folder_ / "run";
    std::vector<ProcessInfo> found;
    for (const ProcessInfo& one : *all) {
      std::ifstream stream("/proc/" + std::to_string(one.id.pid) + "/environ", std::ios::binary);
      const std::string environment{std::istreambuf_iterator<char>(stream), {}};
      const bool is_theirs = one.command_line.find(mark) != std::string::npos ||
                             environment.find(mark) != std::string::npos;
      if (one.is_alive() && is_theirs) found.push_back(one);
    }
    return found;
  }
  bool no_process_is_left() { return processes_of_agents().empty(); }

  bool no_journal_is_left() {
    const auto report = recover(folder_.path(), table_, {.dry_run = true, .owners_are_dead = true});
    return report && (*report).changes.empty();
  }

  bool has_service_ = false;
  Journals folder_;
  ProcfsTable table_;
};

class Killing : public testing::Test, protected MortalAgent {};

}  // namespace squall::faults
