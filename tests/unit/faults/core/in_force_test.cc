#include "faults/core/in_force.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/core/journal.h"

#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Agents that keep journals in one folder.
class InForceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto boot = boot_id();
    ASSERT_TRUE(ok(boot));
    boot_ = *boot;
    stopped_ = table_.add(10, "web");
  }

  /// The number of the change.
  std::uint64_t stops_web(const ProcessId& agent, const std::string& boot) {
    auto opened = Journal::open(folder_ / ("run-" + std::to_string(agent.pid)), {agent, boot});
    EXPECT_TRUE(ok(opened));
    journal_ = *std::move(opened);
    auto number = journal_->record({"SIGSTOP to web", "S", ContinueUndo{stopped_}});
    EXPECT_TRUE(ok(number));
    return number ? *number : 0;
  }
  InForce found() {
    auto listed = in_force(folder_.path(), table_);
    EXPECT_TRUE(ok(listed));
    return listed ? *std::move(listed) : InForce{};
  }

  TemporaryFolder folder_;
  FakeProcessTable table_;
  std::string boot_;
  ProcessId stopped_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(InForceTest, IsNothingWhereThereAreNoJournals) { EXPECT_THAT(found().changes, IsEmpty()); }

TEST_F(InForceTest, TellsWhatWasDoneHowItIsUndoneAndWhoseItIs) {
  stops_web(table_.add(77, "squall"), boot_);
  const InForce all = found();
  ASSERT_THAT(all.changes, SizeIs(1));
  EXPECT_EQ(all.changes[0].intent, "SIGSTOP to web");
  EXPECT_EQ(all.changes[0].undo, describe(ContinueUndo{stopped_}));
  EXPECT_EQ(all.changes[0].agent->process.pid, 77);
  EXPECT_TRUE(all.changes[0].agent_lives);
  EXPECT_THAT(all.troubles, IsEmpty());
}

TEST_F(InForceTest, KnowsADeadAgent) {
  stops_web({78, 5000}, boot_);
  ASSERT_THAT(found().changes, SizeIs(1));
  EXPECT_FALSE(found().changes[0].agent_lives);
}

TEST_F(InForceTest, LeavesOutWhatIsUndoneOrGoneWithAnEarlierStartOfTheMachine) {
  const auto number = stops_web({78, 5000}, boot_);
  EXPECT_TRUE(ok(journal_->mark_done(number)));
  stops_web({79, 5000}, "another-boot");
  EXPECT_THAT(found().changes, IsEmpty());
}

TEST_F(InForceTest, TellsOfLinesThatMakeNoSense) {
  stops_web({78, 5000}, boot_);
  std::ofstream(journal_->file(), std::ios::app) << "garbage\n";
  const InForce all = found();
  EXPECT_THAT(all.changes, SizeIs(1));
  ASSERT_THAT(all.troubles, SizeIs(1));
  EXPECT_THAT(all.troubles[0], testing::HasSubstr("1 line(s) could not be read"));
}

TEST_F(InForceTest, TouchesNothing) {
  stops_web({78, 5000}, boot_);
  const auto before = std::filesystem::last_write_time(journal_->file());
  EXPECT_THAT(found().changes, SizeIs(1));
  EXPECT_EQ(table_.at(10).state, 'S');
  EXPECT_EQ(std::filesystem::last_write_time(journal_->file()), before);
}

TEST_F(InForceTest, KnowsOfAStoppedProcessWhetherAJournalTellsOfIt) {
  const auto number = stops_web(table_.add(77, "squall"), boot_);
  table_.at(10).state = 'T';
  const auto told = stopped_by_somebody(found(), table_);
  ASSERT_TRUE(ok(told));
  EXPECT_THAT(*told, IsEmpty());
  ASSERT_TRUE(ok(journal_->mark_done(number)));
  const auto untold = stopped_by_somebody(found(), table_);
  ASSERT_TRUE(ok(untold));
  ASSERT_THAT(*untold, SizeIs(1));
  EXPECT_THAT(describe_stopped(untold->front()), HasSubstr("process 10 (web) is stopped and no"));
  EXPECT_THAT(describe_stopped(untold->front()), HasSubstr("kill -CONT 10"));
}

}  // namespace
}  // namespace squall::faults
