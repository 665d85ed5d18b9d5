// What is left when an agent is killed, at any moment: nothing.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "faults/core/recover.h"
#include "faults/process/procfs_table.h"

#include "tests/support/child_process.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

constexpr auto kUndoneWithin = 1s;

class Killing : public testing::Test {
 protected:
  ChildProcess start_agent(std::vector<std::string> options, const ChildProcess* victim = nullptr) {
    std::vector<std::string> arguments{SQUALL_AGENT_STAND_IN, "run", folder_ / "run"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    if (victim != nullptr) {
      arguments.insert(arguments.end(), {"--victim", std::to_string(victim->pid())});
    }
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

  std::chrono::duration<double> time_until_in_force() {
    const ChildProcess victim({"sleep", "1000"});
    const auto before = std::chrono::steady_clock::now();
    ChildProcess agent = start_agent({"--service", "--pressure"}, &victim);
    wait_until_in_force(agent);
    const auto length = std::chrono::steady_clock::now() - before;
    agent.kill();
    // Its reaper takes all journals of this folder for its agent's: the next agent must not come
    // yet.
    EXPECT_TRUE(eventually(2 * kUndoneWithin, [&] { return no_process_is_left(); }));
    return length;
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

  /// True when no agent, reaper or process of a service of this test is alive.
  bool no_process_is_left() {
    const auto all = table_.list();
    if (!all) return false;
    const std::string mark = folder_ / "run";
    return std::none_of((*all).begin(), (*all).end(), [&](const ProcessInfo& one) {
      std::ifstream stream("/proc/" + std::to_string(one.id.pid) + "/environ", std::ios::binary);
      const std::string environment{std::istreambuf_iterator<char>(stream), {}};
      return one.is_alive() && (one.command_line.find(mark) != std::string::npos ||
                                environment.find(mark) != std::string::npos);
    });
  }

  bool no_journal_is_left() {
    const auto report = recover(folder_.path(), table_, {.dry_run = true, .owners_are_dead = true});
    return report && (*report).changes.empty();
  }

  TemporaryFolder folder_;
  ProcfsTable table_;
};

TEST_F(Killing, TheReaperUndoesWhatAKilledAgentLeft) {
  const ChildProcess victim({"sleep", "1000"});
  ChildProcess agent = start_agent({}, &victim);
  wait_until_in_force(agent);
  ASSERT_EQ(state_of(victim.pid()), 'T');
  const auto killed = std::chrono::steady_clock::now();
  agent.kill();
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return state_of(victim.pid()) == 'S'; }));
  std::cout << "undone after "
            << std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::steady_clock::now() - killed)
                   .count()
            << " ms\n";
  EXPECT_TRUE(eventually(1s, [&] { return no_journal_is_left(); }));
}

TEST_F(Killing, TheReaperOutlivesItsAgentsProcessGroup) {
  const ChildProcess victim({"sleep", "1000"});
  ChildProcess agent = start_agent({}, &victim);
  wait_until_in_force(agent);
  ASSERT_EQ(::kill(-agent.pid(), SIGHUP), 0);  // It leads a group and a session of its own.
  ASSERT_EQ(::kill(-agent.pid(), SIGKILL), 0);
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return state_of(victim.pid()) == 'S'; }));
}

TEST_F(Killing, NothingIsLeftOfTheServicesOfAKilledAgent) {
  ChildProcess agent = start_agent({"--service"});
  read_pid(agent, "reaper");
  const pid_t service = read_pid(agent, "service");
  wait_until_in_force(agent);
  EXPECT_TRUE(eventually(2s, [&] { return tree_of_pid(service).size() == 3; }));
  agent.kill();
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return tree_of_pid(service).empty(); }));
}

TEST_F(Killing, NothingIsLeftOfThePressureOfAKilledAgent) {
  ChildProcess agent = start_agent({"--pressure"});
  wait_until_in_force(agent);
  agent.kill();
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return no_process_is_left(); }));
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return no_journal_is_left(); }));
}

TEST_F(Killing, PressureEndsWithItsAgentAlsoWhenTheReaperIsDead) {
  ChildProcess agent = start_agent({"--no-reaper", "--pressure"});
  wait_until_in_force(agent);
  agent.kill();
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return no_process_is_left(); }));
}

TEST_F(Killing, RecoverUndoesWhatIsLeftWhenTheReaperIsKilledToo) {
  const ChildProcess victim({"sleep", "1000"});
  ChildProcess agent = start_agent({"--service"}, &victim);
  const pid_t reaper = read_pid(agent, "reaper");
  const pid_t service = read_pid(agent, "service");
  wait_until_in_force(agent);
  ASSERT_EQ(::kill(reaper, SIGKILL), 0);
  EXPECT_TRUE(eventually(1s, [&] { return state_of(reaper) == '-' || state_of(reaper) == 'Z'; }));

  // While the agent lives its journal is its own.
  auto report = recover(folder_.path(), table_);
  ASSERT_TRUE(ok(report));
  EXPECT_THAT(report->in_use, SizeIs(1));
  EXPECT_EQ(state_of(victim.pid()), 'T');

  agent.kill();
  EXPECT_EQ(state_of(victim.pid()), 'T');
  report = recover(folder_.path(), table_);
  ASSERT_TRUE(ok(report));
  EXPECT_TRUE(report->is_clean());
  EXPECT_THAT(report->changes, SizeIs(2));
  // It may be on its way to sleep again.
  EXPECT_TRUE(eventually(1s, [&] { return state_of(victim.pid()) == 'S'; }));
  EXPECT_TRUE(tree_of_pid(service).empty());
  EXPECT_TRUE(no_journal_is_left());
}

TEST_F(Killing, TwoRecoveriesAtOnceDoNotDisturbEachOther) {
  const ChildProcess victim({"sleep", "1000"});
  ChildProcess agent = start_agent({"--no-reaper", "--service"}, &victim);
  wait_until_in_force(agent);
  agent.kill();
  std::vector<std::thread> both;
  for (int each = 0; each < 2; ++each) {
    both.emplace_back([&] {
      ProcfsTable table;
      const auto report = recover(folder_.path(), table);
      ASSERT_TRUE(ok(report));
      EXPECT_TRUE((*report).is_clean());
    });
  }
  for (std::thread& one : both) one.join();
  EXPECT_EQ(state_of(victim.pid()), 'S');
  EXPECT_TRUE(no_journal_is_left());
}

TEST_F(Killing, AnOrderlyEndLeavesNeitherJournalNorReaper) {
  const ChildProcess victim({"sleep", "1000"});
  ChildProcess agent = start_agent({"--service", "--orderly"}, &victim);
  const pid_t reaper = read_pid(agent, "reaper");
  const pid_t service = read_pid(agent, "service");
  wait_until_in_force(agent);
  EXPECT_EQ(agent.wait(), 0);
  EXPECT_EQ(state_of(victim.pid()), 'S');
  EXPECT_TRUE(tree_of_pid(service).empty());
  EXPECT_TRUE(no_journal_is_left());
  EXPECT_TRUE(eventually(1s, [&] { return state_of(reaper) == '-' || state_of(reaper) == 'Z'; }));
  EXPECT_FALSE(exists(folder_ / "run/reaper.log"));
  EXPECT_TRUE(no_process_is_left());
}

/// Kills agents at random moments of their start, work and end; the parameter is the seed.
class KillingCampaign : public Killing, public testing::WithParamInterface<std::uint64_t> {};

INSTANTIATE_TEST_SUITE_P(Seeded, KillingCampaign, testing::Values(1, 2, 3, 4));

TEST_P(KillingCampaign, NothingIsLeftWheneverTheAgentIsKilled) {
  constexpr int kIterations = 50;
  std::mt19937_64 random(GetParam());
  std::bernoulli_distribution likely(0.5);
  std::uniform_real_distribution<double> part(0, 1.5);
  const auto whole_start = time_until_in_force();
  int came_to_stop_it = 0;  // Those at work, and of the others the quick ones.
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    const ChildProcess victim({"sleep", "1000"});
    std::vector<std::string> options{"--service"};
    if (likely(random)) options.emplace_back("--pressure");
    if (likely(random)) options.emplace_back("--orderly");
    ChildProcess agent = start_agent(options, &victim);
    // Half are killed on their way there, half while the fault is in force or being undone.
    const bool at_work = likely(random);
    if (at_work) wait_until_in_force(agent);
    std::this_thread::sleep_for(part(random) * (at_work ? whole_start / 10 : whole_start));
    agent.kill();
    came_to_stop_it += at_work ? 1 : 0;
    for (std::string line = agent.read_line(); !line.empty(); line = agent.read_line()) {
      came_to_stop_it += line == "in force" ? 1 : 0;
    }
    ASSERT_TRUE(eventually(kUndoneWithin,
                           [&] {
                             const char state = state_of(victim.pid());
                             return state == 'S' && no_journal_is_left();
                           }))
        << "iteration " << iteration << ": the victim is " << state_of(victim.pid());
    ASSERT_TRUE(eventually(kUndoneWithin, [&] { return no_process_is_left(); }))
        << "iteration " << iteration;
  }
  std::cout << "in " << came_to_stop_it << " of " << kIterations << " the fault was in force\n";
  EXPECT_GT(came_to_stop_it, kIterations / 10);
}

}  // namespace
}  // namespace squall::faults
