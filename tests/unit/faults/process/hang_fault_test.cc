#include "faults/process/hang_fault.h"

#include <chrono>
#include <csignal>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "faults/core/fault_error.h"
#include "faults/core/recover.h"
#include "faults/core/undo.h"
#include "faults/process/frozen_cgroup.h"

#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Two instances of a service, nginx with a worker each, in one group, and a foreign process in
/// another.
class Hung : public testing::Test {
 protected:
  Hung() { build(); }

  void build() {
    journal_.reset();
    for (const pid_t pid : {20, 21, 30, 31, 40}) table_.remove(pid);
    scope_.services = {{"web", 1, table_.add(20, "nginx")}, {"web", 2, table_.add(30, "nginx")}};
    table_.add(21, "nginx", 20);
    table_.add(31, "nginx", 30);
    table_.add(40, "redis");
    for (const pid_t pid : {20, 30, 31}) cgroups().put(pid, "/cg/web.slice");
    cgroups().put(21, place_of_worker_);
    cgroups().put(40, "/cg/data.slice");
    fault_.action = ProcessFault::Action::kHang;
    fault_.match = {};
    fault_.match.service = "web.1";
    auto journal = Journal::open(folder_.path(), {{77, 5000}, "boot-1"});
    EXPECT_TRUE(ok(journal));
    journal_ = *std::move(journal);
  }

  FakeCgroups& cgroups() { return table_.cgroups(); }
  Result<InjectedProcessFault> hang() {
    return inject(table_, *journal_, fault_, "freeze", scope_);
  }
  Result<InjectedProcessFault> stop() {
    ProcessFault stop = fault_;
    stop.action = ProcessFault::Action::kSignal;
    stop.signal = SIGSTOP;
    return inject(table_, *journal_, stop, "stop", scope_);
  }
  /// Nothing is frozen, or elsewhere than it was, and no group of ours is left.
  void expect_as_before(int line) {
    EXPECT_THAT(cgroups().ours(), IsEmpty()) << line;
    for (const pid_t pid : {20, 21, 30, 31, 40}) {
      EXPECT_FALSE(cgroups().is_frozen(pid)) << line << ": " << pid;
      const std::string place = pid == 40 ? "/cg/data.slice" : "/cg/web.slice";
      EXPECT_EQ(cgroups().place_of(pid), pid == 21 ? place_of_worker_ : place) << line;
    }
    EXPECT_EQ(journal_->open_changes(), 0U) << line;
  }

  std::string place_of_worker_ = "/cg/web.slice";
  TemporaryFolder folder_;
  FakeProcessTable table_;
  std::unique_ptr<Journal> journal_;
  ProcessScope scope_;
  ProcessFault fault_;
};

TEST_F(Hung, FreezesAWholeInstanceBelowItsOwnGroupAndPutsItBack) {
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->took);
  EXPECT_EQ(injected->asked, "hang 1 of 1 of service web.1");
  EXPECT_EQ(injected->seen, "web.1: 2 processes (pids 20, 21) frozen");
  ASSERT_THAT(cgroups().ours(), SizeIs(1));
  EXPECT_EQ(cgroups().ours()[0].parent_path(), "/cg/web.slice");
  EXPECT_TRUE(cgroups().is_frozen(20) && cgroups().is_frozen(21));
  EXPECT_FALSE(cgroups().is_frozen(30));
  EXPECT_EQ(table_.count_in_state('T'), 0);
  EXPECT_EQ(journal_->open_changes(), 1U);

  EXPECT_TRUE(ok(injected->active.revert()));
  expect_as_before(__LINE__);
}

TEST_F(Hung, GoesAwayWithItsHandle) {
  { EXPECT_TRUE(ok(hang())); }
  expect_as_before(__LINE__);
}

TEST_F(Hung, MakesAGroupBelowEachThatItsVictimsAreIn) {
  cgroups().put(21, "/cg/web.slice/worker");
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(cgroups().ours(), SizeIs(2));
  EXPECT_EQ(journal_->open_changes(), 2U);
  EXPECT_TRUE(cgroups().is_frozen(20) && cgroups().is_frozen(21));
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(cgroups().place_of(21), "/cg/web.slice/worker");
  EXPECT_THAT(cgroups().ours(), IsEmpty());
}

TEST_F(Hung, LetsAllGoOnBeforeItWaitsForOneThatDoesNotLeave) {
  cgroups().put(21, "/cg/web.slice/worker");
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  for (const pid_t pid : {20, 21}) cgroups().keep(pid);
  bool all_went_on = false;
  table_.before_next_pause(
      [&] { all_went_on = !cgroups().is_frozen(20) && !cgroups().is_frozen(21); });
  EXPECT_FALSE(injected->active.revert());
  EXPECT_TRUE(all_went_on);
}

TEST_F(Hung, MeansAForeignProcessWithAllThatCameOfIt) {
  table_.add(41, "child", 40);
  fault_.match = {};
  fault_.match.name = "redis";
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  EXPECT_EQ(injected->seen, "redis: 2 processes (pids 40, 41) frozen");
  EXPECT_TRUE(ok(injected->active.revert()));
  table_.remove(41);
  expect_as_before(__LINE__);
}

TEST_F(Hung, UsesTheFreezerOfVersion1WhereVersion2IsNotMounted) {
  cgroups().has_version_2(false);
  cgroups().has_version_1();
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->took);
  ASSERT_THAT(cgroups().ours(), SizeIs(1));
  EXPECT_EQ(cgroups().ours()[0].parent_path(), "/v1");
  EXPECT_TRUE(cgroups().is_frozen(21));
  EXPECT_TRUE(ok(injected->active.revert()));
  expect_as_before(__LINE__);
}

TEST_F(Hung, UsesTheFreezerOfVersion1WhereVersion2CannotFreeze) {
  cgroups().cannot_freeze_by_version_2();
  EXPECT_TRUE(failed_with(hang(), std::errc::not_supported));
  expect_as_before(__LINE__);
  cgroups().has_version_1();
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->took);
  EXPECT_THAT(cgroups().ours(), SizeIs(1));
  EXPECT_EQ(journal_->open_changes(), 1U);
  EXPECT_TRUE(ok(injected->active.revert()));
  expect_as_before(__LINE__);
}

TEST_F(Hung, IsAnErrorWhereNothingCanBeFrozen) {
  cgroups().has_version_2(false);
  EXPECT_TRUE(failed_with(hang(), std::errc::not_supported));
  table_.add(::getpid(), "squall");
  EXPECT_TRUE(failed_with(check_hang(table_), std::errc::not_supported));
  expect_as_before(__LINE__);
}

TEST_F(Hung, IsIneffectiveWhenNotAllOfItFreezes) {
  cgroups().never_freezes("/cg/web.slice");
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  EXPECT_FALSE(injected->took);
  EXPECT_THAT(injected->seen, HasSubstr("not all is frozen within 1 s"));
  EXPECT_TRUE(ok(injected->active.revert()));
  expect_as_before(__LINE__);
}

TEST_F(Hung, DoesNotMindAVictimThatVanishes) {
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  table_.remove(21);
  table_.at(20).state = 'Z';
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_THAT(cgroups().ours(), IsEmpty());
}

TEST_F(Hung, WithinAnotherHangIsNotWokenByTheEndOfEither) {
  for (const bool first_ends_first : {true, false}) {
    build();
    auto first = hang();
    ASSERT_TRUE(ok(first));
    fault_.match.service = "web";
    auto second = hang();
    ASSERT_TRUE(ok(second));
    EXPECT_THAT(cgroups().ours(), SizeIs(3));
    auto& ending = first_ends_first ? *first : *second;
    EXPECT_TRUE(ok(ending.active.revert()));
    EXPECT_TRUE(cgroups().is_frozen(20) && cgroups().is_frozen(21));
    EXPECT_EQ(cgroups().is_frozen(30), first_ends_first);
    EXPECT_TRUE(ok((first_ends_first ? *second : *first).active.revert()));
    expect_as_before(__LINE__);
  }
}

TEST_F(Hung, IsUndoneFromItsJournalInAnyOrder) {
  auto first = hang();
  ASSERT_TRUE(ok(first));
  fault_.match.service = "web";
  auto second = hang();
  ASSERT_TRUE(ok(second));
  const auto ours = cgroups().ours();
  for (const auto& folder : {ours[0], ours[1], ours[2], ours[0]}) {
    EXPECT_TRUE(ok(carry_out(HangUndo{folder}, table_)));
  }
  EXPECT_TRUE(ok(second->active.revert()));
  EXPECT_TRUE(ok(first->active.revert()));
  expect_as_before(__LINE__);
}

TEST_F(Hung, TakesAStopThatComesMeanwhileWhenItGoesOn) {
  auto hung = hang();
  ASSERT_TRUE(ok(hung));
  auto stopped = stop();
  ASSERT_TRUE(ok(stopped));
  EXPECT_TRUE(stopped->took) << stopped->seen;
  EXPECT_EQ(stopped->seen,
            "web.1: 2 processes (pids 20, 21) frozen by another fault, and stopped when that ends");
  EXPECT_LT(table_.now(), 500ms);  // There is nothing to wait for.
  EXPECT_EQ(table_.count_in_state('T'), 0);
  EXPECT_TRUE(ok(hung->active.revert()));
  table_.pause({});
  EXPECT_EQ(table_.count_in_state('T'), 2);
  EXPECT_TRUE(ok(stopped->active.revert()));
  EXPECT_EQ(table_.count_in_state('T'), 0);
  expect_as_before(__LINE__);
}

TEST_F(Hung, IsNotStoppedWhenTheStopEndsBeforeIt) {
  auto hung = hang();
  ASSERT_TRUE(ok(hung));
  auto stopped = stop();
  ASSERT_TRUE(ok(stopped));
  EXPECT_TRUE(ok(stopped->active.revert()));
  EXPECT_TRUE(cgroups().is_frozen(20));
  EXPECT_TRUE(ok(hung->active.revert()));
  table_.pause({});
  EXPECT_EQ(table_.count_in_state('T'), 0);
  expect_as_before(__LINE__);
}

TEST_F(Hung, IsNotTakenForStoppedWhenItWasNotFrozen) {
  table_.ignore_signals(20);
  ProcessFault stop = fault_;
  stop.action = ProcessFault::Action::kSignal;
  stop.signal = SIGSTOP;
  const auto stopped = inject(table_, *journal_, stop, "stop", scope_);
  ASSERT_TRUE(ok(stopped));
  EXPECT_FALSE(stopped->took);
}

TEST_F(Hung, IsFoundByItsNameWhenItsAgentIsDead) {
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  const std::string folder = cgroups().ours()[0];
  const auto lives = [](pid_t pid, std::uint64_t ticks) { return pid == 77 && ticks == 5000; };
  const auto is_dead = [](pid_t, std::uint64_t) { return false; };
  EXPECT_THAT(take_back_hung_by_name(table_, false, lives).done, IsEmpty());
  EXPECT_THAT(take_back_hung_by_name(table_, true, is_dead).done,
              testing::ElementsAre("cgroup " + folder));
  EXPECT_TRUE(cgroups().is_frozen(20));
  EXPECT_THAT(take_back_hung_by_name(table_, false, is_dead).done,
              testing::ElementsAre("cgroup " + folder));
  EXPECT_THAT(take_back_hung_by_name(table_, false, is_dead).done, IsEmpty());
  EXPECT_TRUE(ok(injected->active.revert()));
  expect_as_before(__LINE__);
}

TEST(HangUndo, AsksOnlyForGroupsThatAreNamedAsOurs) {
  EXPECT_TRUE(is_ours({"/sys/fs/cgroup/web.slice/squall_77_5000_1"}));
  for (const char* folder :
       {"/sys/fs/cgroup/web.slice", "squall_77_5000_1", "/a/../squall_1_2_3", "/a/squall_1_2",
        "/a/squall_1_2_3_4", "/a/squall_1_2_x", "/a/squall_1_2_3/", "/a/squall_-1_2_3", ""}) {
    EXPECT_FALSE(is_ours({folder})) << folder;
  }
}

TEST_F(Hung, LeavesNothingBehindWhicheverCallIsRefused) {
  place_of_worker_ = "/cg/web.slice/worker";
  build();
  table_.refuse_call(0);
  ASSERT_TRUE(ok(hang()));  // Injected and reverted.
  const int calls = table_.calls();
  ASSERT_GT(calls, 40);
  int refusals = 0;
  for (int refused = 1; refused <= calls; ++refused) {
    build();
    table_.refuse_call(refused);
    {
      auto injected = hang();
      if (!injected) {
        ++refusals;
        EXPECT_FALSE(is_residue(injected.error())) << refused;
        expect_as_before(refused);
      } else if (const auto reverted = injected->active.revert(); !reverted) {
        ++refusals;
        EXPECT_TRUE(is_residue(reverted.error())) << refused;
      }
    }  // The handle's last try.
    expect_as_before(refused);
  }
  EXPECT_EQ(refusals, calls);
}

TEST_F(Hung, IsRecoveredWhereverItsAgentDied) {
  place_of_worker_ = "/cg/web.slice/worker";
  build();
  table_.refuse_call(0);
  ASSERT_TRUE(ok(hang()));
  const int calls = table_.calls();
  for (int last = 1; last <= calls; ++last) {
    build();
    const auto boot = boot_id();
    ASSERT_TRUE(ok(boot));
    auto journal = Journal::open(folder_ / std::to_string(last), {{78, 5000}, *boot});
    ASSERT_TRUE(ok(journal));
    journal_ = *std::move(journal);
    table_.refuse_all_after(last);  // As if the agent had died there: it does nothing more.
    { [[maybe_unused]] const auto injected = hang(); }
    table_.refuse_call(0);
    const auto report = recover(folder_ / std::to_string(last), table_);
    ASSERT_TRUE(ok(report));
    EXPECT_TRUE((*report).is_clean()) << last;
    EXPECT_THAT(cgroups().ours(), IsEmpty()) << last;
    for (const pid_t pid : {20, 21}) EXPECT_FALSE(cgroups().is_frozen(pid)) << last;
    EXPECT_EQ(cgroups().place_of(20), "/cg/web.slice");
  }
}

}  // namespace
}  // namespace squall::faults
