// What is left when an agent is killed: nothing. At random moments: killing_campaign_test.cc.

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/faults/killing_fixture.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::SizeIs;

constexpr auto kUndoneWithin = 1s;
constexpr const char* kStopped =
    "freeze: {at: 0s, for: 5m, process: {signal: STOP, match: {pid_file: victim.pid}}}";
constexpr const char* kFull = "fill: {at: 0s, for: 5m, disk_fill: {path: ., size: 4MiB}}";

TEST_F(Killing, TheReaperUndoesWhatAKilledAgentLeft) {
  const ChildProcess victim({"sleep", "1000"});
  ChildProcess agent = start_agent({kStopped}, {}, &victim);
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
  EXPECT_TRUE(eventually(20s, [&] { return no_journal_is_left(); }));
}

TEST_F(Killing, TheReaperOutlivesItsAgentsProcessGroup) {
  const ChildProcess victim({"sleep", "1000"});
  ChildProcess agent = start_agent({kStopped}, {}, &victim);
  wait_until_in_force(agent);
  ASSERT_EQ(::kill(-agent.pid(), SIGHUP), 0);  // It leads a group and a session of its own.
  ASSERT_EQ(::kill(-agent.pid(), SIGKILL), 0);
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return state_of(victim.pid()) == 'S'; }));
}

TEST_F(Killing, NothingIsLeftOfTheServicesOfAKilledAgent) {
  has_service_ = true;
  ChildProcess agent = start_agent({});
  read_pid(agent, "reaper");
  const pid_t service = read_pid(agent, "service");
  wait_until_in_force(agent);
  EXPECT_TRUE(eventually(20s, [&] { return tree_of_pid(service).size() == 3; }));
  agent.kill();
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return tree_of_pid(service).empty(); }));
}

TEST_F(Killing, NothingIsLeftOfThePressureOfAKilledAgent) {
  ChildProcess agent = start_agent({kFull});
  wait_until_in_force(agent);
  agent.kill();
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return no_process_is_left(); }));
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return no_journal_is_left(); }));
}

TEST_F(Killing, PressureEndsWithItsAgentAlsoWhenTheReaperIsDead) {
  ChildProcess agent = start_agent({kFull}, {"--no-reaper"});
  wait_until_in_force(agent);
  agent.kill();
  EXPECT_TRUE(eventually(kUndoneWithin, [&] { return no_process_is_left(); }));
}

TEST_F(Killing, RecoverUndoesWhatIsLeftWhenTheReaperIsKilledToo) {
  const ChildProcess victim({"sleep", "1000"});
  has_service_ = true;
  ChildProcess agent = start_agent({kStopped}, {}, &victim);
  const pid_t reaper = read_pid(agent, "reaper");
  const pid_t service = read_pid(agent, "service");
  wait_until_in_force(agent);
  ASSERT_EQ(::kill(reaper, SIGKILL), 0);
  EXPECT_TRUE(eventually(20s, [&] { return state_of(reaper) == '-' || state_of(reaper) == 'Z'; }));

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
  EXPECT_TRUE(eventually(20s, [&] { return state_of(victim.pid()) == 'S'; }));
  EXPECT_TRUE(tree_of_pid(service).empty());
  EXPECT_TRUE(no_journal_is_left());
}

TEST_F(Killing, TwoRecoveriesAtOnceDoNotDisturbEachOther) {
  const ChildProcess victim({"sleep", "1000"});
  has_service_ = true;
  ChildProcess agent = start_agent({kStopped}, {"--no-reaper"}, &victim);
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
  has_service_ = true;
  ChildProcess agent = start_agent({kStopped}, {"--orderly"}, &victim);
  const pid_t reaper = read_pid(agent, "reaper");
  const pid_t service = read_pid(agent, "service");
  wait_until_in_force(agent);
  EXPECT_EQ(agent.wait(), 0);
  EXPECT_EQ(state_of(victim.pid()), 'S');
  EXPECT_TRUE(tree_of_pid(service).empty());
  EXPECT_TRUE(no_journal_is_left());
  EXPECT_TRUE(eventually(20s, [&] { return state_of(reaper) == '-' || state_of(reaper) == 'Z'; }));
  EXPECT_FALSE(exists(folder_ / "run/reaper.log"));
  EXPECT_TRUE(no_process_is_left());
}

}  // namespace
}  // namespace squall::faults
