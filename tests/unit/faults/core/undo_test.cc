#include "faults/core/undo.h"

#include <chrono>
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/core/fault_error.h"

#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ContinueUndo, LetsAStoppedProcessGoOn) {
  FakeProcessTable table;
  const ProcessId web = table.add(10, "web");
  table.at(10).state = 'T';
  table.take_signals_after(50ms);
  const auto undone = carry_out(ContinueUndo{web}, table);
  ASSERT_TRUE(ok(undone));
  EXPECT_EQ(*undone, Undone::kNow);
  EXPECT_EQ(table.at(10).state, 'S');
}

TEST(ContinueUndo, FindsNothingToDoForAProcessThatIsGoneOrAnotherByNow) {
  FakeProcessTable table;
  ProcessId web = table.add(10, "web");
  web.start_ticks -= 1;
  for (const ProcessId& gone : {web, ProcessId{11, 1}}) {
    const auto undone = carry_out(ContinueUndo{gone}, table);
    ASSERT_TRUE(ok(undone));
    EXPECT_EQ(*undone, Undone::kNothingWasLeft);
  }
  EXPECT_THAT(table.sent(), IsEmpty());
}

TEST(ContinueUndo, IsResidueWhenTheProcessStaysStopped) {
  FakeProcessTable table;
  const ProcessId web = table.add(10, "web");
  table.at(10).state = 'T';
  table.ignore_signals(10);
  const auto undone = carry_out(ContinueUndo{web}, table);
  ASSERT_FALSE(undone);
  EXPECT_TRUE(is_residue(undone.error()));
  EXPECT_LE(table.now(), 1100ms);
}

TEST(LimitUndo, GivesBackTheLimitAlsoToWhatWasForkedSince) {
  FakeProcessTable table;
  const ProcessId web = table.add(10, "web");
  table.limit_of(10).soft = 100;
  table.add(11, "worker", 10);
  table.add(12, "worker", 10);
  table.limit_of(12).soft = 50;  // Its own doing.
  const auto undone = carry_out(LimitUndo{web, 1024, 100}, table);
  ASSERT_TRUE(ok(undone));
  EXPECT_EQ(*undone, Undone::kNow);
  EXPECT_EQ(table.limit_of(10).soft, 1024U);
  EXPECT_EQ(table.limit_of(11).soft, 1024U);
  EXPECT_EQ(table.limit_of(12).soft, 50U);
}

/// A process that has gone into the background: its parent has ended, its session is its own.
void leave_the_tree(FakeProcessTable& table, pid_t pid) {
  table.at(pid).parent = 1;
  table.at(pid).session = pid;
  table.at(pid).group = pid;
}

TEST(LimitUndo, GivesBackTheLimitToWhatHasLeftTheTreeSince) {
  FakeProcessTable table;
  table.add(5, "before");
  table.limit_of(5).soft = 100;
  const ProcessId web = table.add(10, "web");
  table.limit_of(10).soft = 100;
  table.add(20, "daemon", 10);
  leave_the_tree(table, 20);
  table.add(21, "worker", 20);
  table.add(30, "stranger");
  table.limit_of(30) = {100, 100, 3};  // As `ulimit -n 100` sets it.
  table.add(31, "stranger");
  const LimitUndo undo{web, 1024, 100, web.start_ticks + 1, true};
  for (const bool is_there : {true, false}) {
    if (!is_there) {
      table.remove(10);
      table.limit_of(20).soft = table.limit_of(21).soft = 100;
    }
    const auto undone = carry_out(undo, table);
    ASSERT_TRUE(ok(undone));
    EXPECT_EQ(*undone, Undone::kNow);
    EXPECT_EQ(table.limit_of(20).soft, 1024U);
    EXPECT_EQ(table.limit_of(21).soft, 1024U);
  }
  EXPECT_EQ(table.limit_of(5).soft, 100U);
  EXPECT_EQ(table.limit_of(30).soft, 100U);
  EXPECT_EQ(table.limit_of(31).soft, 1024U);
  const auto again = carry_out(undo, table);
  ASSERT_TRUE(ok(again));
  EXPECT_EQ(*again, Undone::kNothingWasLeft);
}

TEST(LimitUndo, TellsOfWhatMayHaveTheLimitFromElsewhere) {
  FakeProcessTable table;
  const ProcessId web = table.add(10, "web");
  table.limit_of(10).soft = 100;
  table.add(20, "daemon", 10);
  leave_the_tree(table, 20);
  const auto undone = carry_out(LimitUndo{web, 1024, 100, web.start_ticks, false}, table);
  ASSERT_FALSE(undone);
  EXPECT_TRUE(is_residue(undone.error()));
  EXPECT_THAT(undone.error().message(), HasSubstr("may have come of it"));
  EXPECT_THAT(undone.error().message(), HasSubstr("pid 20"));
  EXPECT_EQ(table.limit_of(10).soft, 1024U);
  EXPECT_EQ(table.limit_of(20).soft, 100U);
}

/// Whoever is given back its limit has just started another, which leaves the tree.
class ForkingTable : public FakeProcessTable {
 public:
  Result<void> limit_files(ProcessId id, std::uint64_t soft) override {
    if (next < end) {
      add(next, "fork", id.pid);
      leave_the_tree(*this, next++);
    }
    return FakeProcessTable::limit_files(id, soft);
  }
  pid_t next = 50;
  pid_t end = 60;
};

TEST(LimitUndo, LooksAgainForWhatWasForkedWhileItLooked) {
  ForkingTable table;
  const ProcessId web = table.add(10, "web");
  table.limit_of(10).soft = 100;
  const LimitUndo undo{web, 1024, 100, web.start_ticks, true};
  ASSERT_TRUE(ok(carry_out(undo, table)));
  ASSERT_TRUE(table.has(59));
  for (pid_t pid = 50; pid < 60; ++pid) EXPECT_EQ(table.limit_of(pid).soft, 1024U) << pid;

  table.limit_of(10).soft = 100;
  table.end = 10'000;  // On and on.
  const auto undone = carry_out(undo, table);
  ASSERT_FALSE(undone);
  EXPECT_TRUE(is_residue(undone.error()));
}

TEST(LimitUndo, LeavesWhatSomebodyElseHasSetSinceAndWhatIsGone) {
  FakeProcessTable table;
  const ProcessId web = table.add(10, "web");
  table.limit_of(10).soft = 2000;
  for (const ProcessId& one : {web, ProcessId{99, 1}}) {
    const auto undone = carry_out(LimitUndo{one, 1024, 100}, table);
    ASSERT_TRUE(ok(undone));
    EXPECT_EQ(*undone, Undone::kNothingWasLeft);
  }
  EXPECT_EQ(table.limit_of(10).soft, 2000U);
}

TEST(KillUndo, EndsTheWholeTreeAndSparesOthers) {
  FakeProcessTable table;
  const ProcessId master = table.add(10, "nginx");
  table.add(11, "nginx", 10);
  table.add(12, "helper", 11);
  table.at(12).session = 12;  // It went its own way, but its parent is known.
  table.add(20, "other");
  ASSERT_TRUE(ok(carry_out(KillUndo{master}, table)));
  EXPECT_EQ(table.count_in_state('Z'), 3);
  EXPECT_EQ(table.at(20).state, 'S');
}

TEST(KillUndo, EndsWhatIsLeftOfASessionWhoseLeaderIsGone) {
  FakeProcessTable table;
  const ProcessId master = table.add(10, "nginx");
  table.add(11, "nginx", 10);
  table.remove(10);
  table.at(11).parent = 1;
  const auto undone = carry_out(KillUndo{master}, table);
  ASSERT_TRUE(ok(undone));
  EXPECT_EQ(*undone, Undone::kNow);
  EXPECT_EQ(table.at(11).state, 'Z');
}

TEST(KillUndo, SparesASessionThatIsAnotherBecauseItsPidWasGivenAway) {
  FakeProcessTable table;
  ProcessId before = table.add(10, "someone");
  table.add(11, "child", 10);
  before.start_ticks -= 100;
  const auto undone = carry_out(KillUndo{before}, table);
  ASSERT_TRUE(ok(undone));
  EXPECT_EQ(*undone, Undone::kNothingWasLeft);
  EXPECT_THAT(table.sent(), IsEmpty());
}

TEST(KillUndo, EndsAlsoWhatIsForkedMeanwhile) {
  FakeProcessTable table;
  const ProcessId master = table.add(10, "nginx");
  table.before_next_signal([&] { table.add(11, "nginx", 10); });
  ASSERT_TRUE(ok(carry_out(KillUndo{master}, table)));
  EXPECT_EQ(table.count_in_state('Z'), 2);
}

TEST(KillUndo, IsResidueWhenAProcessDoesNotGo) {
  FakeProcessTable table;
  const ProcessId master = table.add(10, "nginx");
  table.ignore_signals(10);
  const auto undone = carry_out(KillUndo{master}, table);
  ASSERT_FALSE(undone);
  EXPECT_TRUE(is_residue(undone.error()));
}

}  // namespace
}  // namespace squall::faults
