#include "faults/core/recover.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/core/journal.h"

#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Outcome = RecoveredChange::Outcome;

/// A dead agent that had stopped two processes and started a service.
class Recover : public testing::Test {
 protected:
  void SetUp() override {
    auto boot = boot_id();
    ASSERT_TRUE(ok(boot));
    boot_ = *boot;
    stopped_ = {table_.add(10, "web"), table_.add(11, "web")};
    service_ = table_.add(20, "nginx");
    table_.add(21, "nginx", 20);
    for (const ProcessId& one : stopped_) table_.at(one.pid).state = 'T';
  }

  std::filesystem::path write_journal(const std::string& boot) {
    auto journal = Journal::open(folder_ / "run-1", {{77, 5000}, boot});
    EXPECT_TRUE(ok(journal));
    for (const ProcessId& one : stopped_) {
      EXPECT_TRUE(ok((*journal)->record({"SIGSTOP to web", "S", ContinueUndo{one}})));
    }
    EXPECT_TRUE(ok((*journal)->record({"start of nginx", "none", KillUndo{service_}})));
    return (*journal)->file();
  }

  RecoveryReport recovered(RecoverOptions options = {}) {
    auto report = recover(folder_.path(), table_, options);
    EXPECT_TRUE(ok(report));
    return report ? *std::move(report) : RecoveryReport{};
  }

  std::vector<Outcome> outcomes(const RecoveryReport& report) {
    std::vector<Outcome> all;
    for (const RecoveredChange& one : report.changes) all.push_back(one.outcome);
    return all;
  }

  TemporaryFolder folder_;
  FakeProcessTable table_;
  std::string boot_;
  std::vector<ProcessId> stopped_;
  ProcessId service_;
};

TEST_F(Recover, UndoesAllThatIsOpenAndRemovesTheJournal) {
  const auto file = write_journal(boot_);
  const auto report = recovered();
  EXPECT_THAT(outcomes(report), ElementsAre(Outcome::kUndone, Outcome::kUndone, Outcome::kUndone));
  EXPECT_TRUE(report.is_clean());
  EXPECT_EQ(table_.count_in_state('T'), 0);
  EXPECT_EQ(table_.count_in_state('Z'), 2);
  EXPECT_FALSE(exists(file));
  EXPECT_THAT(recovered().changes, IsEmpty());
}

TEST_F(Recover, RemovesTheFolderOfARunWithItsLastJournal) {
  const auto file = write_journal(boot_);
  const auto other = file.parent_path() / "somebody-elses";
  std::ofstream(other) << "x";
  EXPECT_TRUE(recovered().is_clean());
  EXPECT_FALSE(exists(file));
  EXPECT_TRUE(exists(other));
  remove(other);
  EXPECT_EQ(write_journal(boot_), file);
  EXPECT_TRUE(recovered().is_clean());
  EXPECT_FALSE(exists(file.parent_path()));
  EXPECT_TRUE(exists(folder_.path()));
}

TEST_F(Recover, TouchesNothingWhenDry) {
  const auto file = write_journal(boot_);
  const auto size = file_size(file);
  const auto report = recovered({.dry_run = true, .owners_are_dead = false});
  EXPECT_THAT(report.changes, SizeIs(3));
  EXPECT_EQ(report.in_words().back(), "SIGSTOP to web: would be undone (let process 10 go on)");
  EXPECT_THAT(table_.sent(), IsEmpty());
  EXPECT_EQ(file_size(file), size);
}

TEST_F(Recover, HasNothingToUndoAfterTheMachineWasStartedAnew) {
  write_journal("another-boot");
  const auto report = recovered();
  EXPECT_TRUE(report.is_clean());
  EXPECT_THAT(table_.sent(), IsEmpty());
}

TEST_F(Recover, LeavesTheJournalOfALivingAgentAlone) {
  write_journal(boot_);
  table_.add(77, "squall");
  table_.at(77).id.start_ticks = 5000;
  const auto report = recovered();
  EXPECT_THAT(report.changes, IsEmpty());
  EXPECT_THAT(report.in_use, SizeIs(1));
  EXPECT_THAT(recovered({.dry_run = false, .owners_are_dead = true}).changes, SizeIs(3));
}

TEST_F(Recover, KeepsOnWithTheRestWhenOneUndoFailsAndTriesItAgainNextTime) {
  write_journal(boot_);
  table_.refuse_call(2);  // After the look at the owner: the first SIGCONT.
  const auto first = recovered();
  EXPECT_THAT(outcomes(first), ElementsAre(Outcome::kUndone, Outcome::kFailed, Outcome::kUndone));
  EXPECT_FALSE(first.is_clean());
  EXPECT_THAT(outcomes(recovered()), ElementsAre(Outcome::kUndone));
  EXPECT_EQ(table_.count_in_state('T'), 0);
}

TEST_F(Recover, WaitsForAllThatTakeTheirTimeToGoOnAtOnce) {
  write_journal(boot_);
  table_.take_signals_after(std::chrono::milliseconds(900));
  EXPECT_TRUE(recovered().is_clean());
  EXPECT_EQ(table_.count_in_state('T'), 0);
  EXPECT_LT(table_.now(), std::chrono::milliseconds(1700));  // One by one 1.8 s, and the service.
}

TEST_F(Recover, LeavesNothingBehindWhicheverCallIsRefused) {
  int calls = 0;
  {
    write_journal(boot_);
    table_.refuse_call(0);
    recovered();
    calls = table_.calls();
  }
  ASSERT_GT(calls, 5);
  for (int refused = 1; refused <= calls; ++refused) {
    SetUp();
    write_journal(boot_);
    table_.refuse_call(refused);
    const auto first = recovered();
    const auto second = recovered();
    EXPECT_TRUE(second.is_clean()) << refused;
    EXPECT_EQ(table_.count_in_state('T'), 0) << refused;
    EXPECT_EQ(table_.at(20).state, 'Z') << refused;
    EXPECT_EQ(table_.at(21).state, 'Z') << refused;
  }
}

TEST_F(Recover, KeepsAJournalThatItCannotReadWhole) {
  const auto file = write_journal(boot_);
  std::ofstream(file, std::ios::app) << "garbage\n";
  const auto report = recovered();
  EXPECT_EQ(report.unreadable_lines, 1U);
  EXPECT_FALSE(report.is_clean()) << "what the line told of may still be in force";
  EXPECT_THAT(report.changes, SizeIs(3));
  EXPECT_TRUE(exists(file));
  EXPECT_THAT(recovered().changes, IsEmpty());
}

TEST_F(Recover, FindsNothingWhereThereIsNoDirectory) {
  const auto report = recover(folder_ / "nowhere", table_);
  ASSERT_TRUE(ok(report));
  EXPECT_TRUE((*report).is_clean());
}

}  // namespace
}  // namespace squall::faults
