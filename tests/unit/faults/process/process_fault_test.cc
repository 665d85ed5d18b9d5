#include "faults/process/process_fault.h"

#include <chrono>
#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/core/fault_error.h"
#include "faults/core/recover.h"

#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

/// Two instances of a service, nginx with a worker each, and a foreign process.
class Injected : public testing::Test {
 protected:
  Injected() { build(); }

  void build() {
    journal_.reset();
    for (const pid_t pid : {20, 21, 22, 30, 31, 40}) table_.remove(pid);
    scope_.services = {{"web", 1, table_.add(20, "nginx")}, {"web", 2, table_.add(30, "nginx")}};
    table_.add(21, "nginx", 20);
    table_.add(22, "nginx", 20);
    table_.add(31, "nginx", 30);
    table_.add(40, "redis");
    fault_.match.service = "web.1";
    auto journal = Journal::open(folder_.path(), {{77, 5000}, "boot-1"});
    EXPECT_TRUE(ok(journal));
    journal_ = *std::move(journal);
  }

  Result<InjectedProcessFault> send(int signal) {
    fault_.signal = signal;
    return inject(table_, *journal_, fault_, "freeze", scope_);
  }

  TemporaryFolder folder_;
  FakeProcessTable table_;
  std::unique_ptr<Journal> journal_;
  ProcessScope scope_;
  ProcessFault fault_;
};

TEST_F(Injected, StopsAWholeInstanceAndLetsItGoOn) {
  auto injected = send(SIGSTOP);
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->took);
  EXPECT_EQ(injected->asked, "SIGSTOP to 1 of 1 of service web.1");
  EXPECT_EQ(injected->seen, "web.1: 3 processes (pids 20, 21, 22) stopped");
  EXPECT_EQ(table_.count_in_state('T'), 3);
  EXPECT_EQ(table_.at(30).state, 'S');
  EXPECT_EQ(journal_->open_changes(), 3U);

  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(table_.count_in_state('T'), 0);
  EXPECT_EQ(journal_->open_changes(), 0U);
}

TEST_F(Injected, WaitsForAllThatTakeTheirTimeToGoOnAtOnce) {
  auto injected = send(SIGSTOP);
  ASSERT_TRUE(ok(injected));
  table_.take_signals_after(900ms);
  const Duration begun = table_.now();
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(table_.count_in_state('T'), 0);
  EXPECT_LT(table_.now() - begun, 1s);  // One by one three of them take 2.7 s.
}

TEST_F(Injected, LetsTheOthersGoOnBeforeItWaitsForOneThatDoesNot) {
  auto injected = send(SIGSTOP);
  ASSERT_TRUE(ok(injected));
  for (const pid_t pid : {20, 22}) table_.ignore_signals(pid);
  char other_is = '?';
  table_.before_next_pause([&] { other_is = table_.at(21).state; });
  const Duration begun = table_.now();
  const auto reverted = injected->active.revert();
  ASSERT_FALSE(reverted);
  EXPECT_TRUE(is_residue(reverted.error()));
  EXPECT_EQ(other_is, 'S');
  EXPECT_LT(table_.now() - begun, 1500ms);  // Two are waited for, together.
  EXPECT_EQ(journal_->open_changes(), 2U);
}

TEST_F(Injected, GoesAwayWithItsHandle) {
  { EXPECT_TRUE(ok(send(SIGSTOP))); }
  EXPECT_EQ(table_.count_in_state('T'), 0);
}

TEST_F(Injected, PicksInstancesNotProcesses) {
  fault_.match.service = "web";
  fault_.pick.count = 1;
  auto injected = send(SIGSTOP);
  ASSERT_TRUE(ok(injected));
  EXPECT_EQ(injected->asked, "SIGSTOP to 1 of 2 of service web");
  const bool first = table_.at(20).state == 'T';
  EXPECT_EQ(table_.count_in_state('T'), first ? 3 : 2);
}

TEST_F(Injected, StopsAlsoWhatIsForkedMeanwhile) {
  table_.before_next_signal([&] { table_.add(23, "nginx", 20); });
  auto injected = send(SIGSTOP);
  ASSERT_TRUE(ok(injected));
  EXPECT_EQ(table_.count_in_state('T'), 4);
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(table_.count_in_state('T'), 0);
}

TEST_F(Injected, LeavesStoppedWhatWasStoppedBefore) {
  table_.at(22).state = 'T';
  auto injected = send(SIGSTOP);
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->took);
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(table_.at(22).state, 'T');
  EXPECT_EQ(table_.count_in_state('T'), 1);
}

TEST_F(Injected, IsIneffectiveWhenAProcessDoesNotStop) {
  table_.ignore_signals(21);
  auto injected = send(SIGSTOP);
  ASSERT_TRUE(ok(injected));
  EXPECT_FALSE(injected->took);
  EXPECT_EQ(injected->seen, "web.1: 2 processes (pids 20, 22) stopped, not 1 process (pid 21)");
}

TEST_F(Injected, WaitsUntilTheSignalTakes) {
  table_.take_signals_after(300ms);
  auto injected = send(SIGSTOP);
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->took);
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(table_.count_in_state('T'), 0);
}

TEST_F(Injected, DoesNotMindAVictimThatVanishes) {
  auto injected = send(SIGSTOP);
  ASSERT_TRUE(ok(injected));
  table_.remove(21);
  table_.at(22).state = 'Z';
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(journal_->open_changes(), 0U);
}

TEST_F(Injected, IsIneffectiveWhenAllVanishBeforeItTakes) {
  fault_.match = {};
  fault_.match.name = "redis";
  table_.before_next_signal([&] { table_.remove(40); });
  auto injected = send(SIGSTOP);
  ASSERT_TRUE(ok(injected));
  EXPECT_FALSE(injected->took);
}

TEST_F(Injected, KillsAndHoldsNothing) {
  auto injected = send(SIGKILL);
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->took);
  EXPECT_EQ(injected->seen, "web.1: 3 processes (pids 20, 21, 22) killed");
  EXPECT_FALSE(injected->active.is_held());
  EXPECT_EQ(table_.count_in_state('Z'), 3);
  EXPECT_EQ(journal_->open_changes(), 0U);
}

TEST_F(Injected, DeliversAnyOtherSignalOnce) {
  fault_.match = {};
  fault_.match.name = "redis";
  auto injected = send(SIGUSR1);
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->took);
  EXPECT_EQ(injected->seen, "redis: 1 process (pid 40) signalled");
  EXPECT_THAT(table_.sent(), testing::ElementsAre(Pair(40, SIGUSR1)));
}

TEST_F(Injected, TouchesNothingForWhatItCannotDo) {
  EXPECT_FALSE(send(0));
  EXPECT_FALSE(send(500));
  fault_.action = ProcessFault::Action::kRestart;
  EXPECT_TRUE(failed_with(send(SIGSTOP), std::errc::operation_not_supported));
  EXPECT_THAT(table_.sent(), IsEmpty());
}

TEST_F(Injected, StopsNothingThatCannotBeWrittenDown) {
  ASSERT_TRUE(ok(journal_->close()));
  EXPECT_FALSE(send(SIGSTOP));
  EXPECT_THAT(table_.sent(), Not(Contains(Pair(20, SIGSTOP))));
  EXPECT_EQ(table_.count_in_state('T'), 0);
}

TEST_F(Injected, StaysStoppedUntilTheLastOfTwoStopsHasEnded) {
  for (const bool first_ends_first : {true, false}) {
    auto first = send(SIGSTOP);
    ASSERT_TRUE(ok(first));
    fault_.match.service = "web";  // Both instances.
    auto second = send(SIGSTOP);
    ASSERT_TRUE(ok(second));
    EXPECT_TRUE(second->took);
    EXPECT_EQ(journal_->open_changes(), 8U);
    EXPECT_TRUE(ok((first_ends_first ? *first : *second).active.revert()));
    EXPECT_EQ(table_.at(20).state, 'T');
    EXPECT_EQ(table_.at(22).state, 'T');
    EXPECT_EQ(table_.at(30).state, first_ends_first ? 'T' : 'S');
    EXPECT_TRUE(ok((first_ends_first ? *second : *first).active.revert()));
    EXPECT_EQ(table_.count_in_state('T'), 0);
    EXPECT_EQ(journal_->open_changes(), 0U);
    build();
  }
}

TEST_F(Injected, OfTwoStopsNeitherLeavesAnythingBehindWhicheverCallIsRefused) {
  const auto both = [&]() -> Result<void> {
    auto first = send(SIGSTOP);
    if (!first) return first.error();
    auto second = send(SIGSTOP);
    if (!second) return second.error();
    if (auto reverted = first->active.revert(); !reverted) return reverted;
    return second->active.revert();
  };
  table_.refuse_call(0);
  ASSERT_TRUE(ok(both()));
  const int calls = table_.calls();
  for (int refused = 1; refused <= calls; ++refused) {
    build();
    table_.refuse_call(refused);
    EXPECT_FALSE(both()) << refused;
    EXPECT_EQ(table_.count_in_state('T'), 0) << refused;
    EXPECT_EQ(journal_->open_changes(), 0U) << refused;
  }
}

TEST_F(Injected, LeavesNothingBehindWhicheverCallIsRefused) {
  table_.refuse_call(0);
  ASSERT_TRUE(ok(send(SIGSTOP)));  // Injected and reverted.
  const int calls = table_.calls();
  ASSERT_GT(calls, 10);
  int refusals = 0;
  for (int refused = 1; refused <= calls; ++refused) {
    build();
    table_.refuse_call(refused);
    {
      auto injected = send(SIGSTOP);
      if (!injected) {
        ++refusals;
        EXPECT_FALSE(is_residue(injected.error())) << refused;
        EXPECT_EQ(table_.count_in_state('T'), 0) << refused;
      } else if (const auto reverted = injected->active.revert(); !reverted) {
        ++refusals;
        EXPECT_TRUE(is_residue(reverted.error())) << refused;
        EXPECT_THAT(reverted.error().message(), HasSubstr("freeze"));
      }
    }  // The handle's last try.
    EXPECT_EQ(table_.count_in_state('T'), 0) << refused;
    EXPECT_EQ(journal_->open_changes(), 0U) << refused;
  }
  EXPECT_EQ(refusals, calls);
}

TEST_F(Injected, ASignalThatCannotBeUndoneHoldsNothingWhicheverCallIsRefused) {
  for (const int signal : {SIGKILL, SIGTERM}) {
    build();
    table_.refuse_call(0);
    ASSERT_TRUE(ok(send(signal)));
    const int calls = table_.calls();
    ASSERT_GT(calls, 3);
    for (int refused = 1; refused <= calls; ++refused) {
      build();
      table_.refuse_call(refused);
      const auto injected = send(signal);
      ASSERT_FALSE(injected) << refused;
      EXPECT_FALSE(is_residue(injected.error())) << refused;
      EXPECT_EQ(journal_->open_changes(), 0U) << refused;
      EXPECT_EQ(table_.at(30).state, 'S') << refused << ": not of the one that was picked";
    }
  }
}

}  // namespace
}  // namespace squall::faults
