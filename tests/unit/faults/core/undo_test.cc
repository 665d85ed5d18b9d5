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
