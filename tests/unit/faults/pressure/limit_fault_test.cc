#include "faults/pressure/limit_fault.h"

#include <memory>
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

using testing::HasSubstr;

/// A service of two processes, which have 24 of 1024 files open each, and a foreign process.
class Limited : public testing::Test {
 protected:
  Limited() {
    asked_.share = Share{0.9};
    of_.service = "web";
    build();
  }

  void build() {
    journal_.reset();
    for (const pid_t pid : {20, 21, 40}) table_.remove(pid);
    scope_.services = {{"web", 1, table_.add(20, "nginx")}};
    table_.add(21, "nginx", 20);
    table_.add(40, "redis");
    for (const pid_t pid : {20, 21, 40}) table_.limit_of(pid) = {1024, 4096, 24};
    auto journal = Journal::open(folder_.path(), {{77, 5000}, "boot-1"});
    EXPECT_TRUE(ok(journal));
    journal_ = *std::move(journal);
  }

  Result<InjectedPressure> limit() {
    return inject_limit(table_, *journal_, asked_, of_, "few-files", scope_);
  }
  void expect_as_before(int line) {
    for (const pid_t pid : {20, 21, 40}) EXPECT_EQ(table_.limit_of(pid).soft, 1024U) << line;
    EXPECT_EQ(journal_->open_changes(), 0U) << line;
  }

  TemporaryFolder folder_;
  FakeProcessTable table_;
  std::unique_ptr<Journal> journal_;
  ProcessScope scope_;
  DescriptorsPressure asked_;
  ProcessMatch of_;
};

TEST(LoweredLimit, LeavesAsManyFreeAsWereAskedFor) {
  const FilesLimit now{.soft = 1000, .hard = 4000, .open = 30};
  const auto by_count = [&](std::uint64_t count) {
    return lowered_limit({.count = count, .share = {}}, now);
  };
  const auto by_share = [&](double share) {
    return lowered_limit({.count = {}, .share = Share{share}}, now);
  };
  EXPECT_EQ(by_count(100), 900U);
  EXPECT_EQ(by_count(1000), 1U);
  EXPECT_EQ(by_count(5000), 1U);
  EXPECT_EQ(by_share(1), 30U);
  EXPECT_EQ(by_share(0.9), 130U);
  EXPECT_EQ(by_share(0.01), 1000U);  // More are in use already.
  EXPECT_EQ(lowered_limit({.count = 5, .share = {}}, {.soft = 0, .hard = 0, .open = 0}), 0U);
}

TEST_F(Limited, HasFewerFilesAndGetsThemBack) {
  auto injected = limit();
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->finding.took) << injected->finding.why_not;
  EXPECT_EQ(injected->finding.seen,
            "pid 20: 24 open of 126 (1024 before), pid 21: 24 open of 126 (1024 before)");
  EXPECT_EQ(table_.limit_of(20).soft, 126U);
  EXPECT_EQ(table_.limit_of(21).soft, 126U);
  EXPECT_EQ(table_.limit_of(40).soft, 1024U);
  EXPECT_EQ(journal_->open_changes(), 2U);
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_TRUE(injected->look().took);
  expect_as_before(__LINE__);
}

TEST_F(Limited, GivesTheLimitBackToWhatWentIntoTheBackgroundMeanwhile) {
  table_.limit_of(40).soft = 126;  // What it would have been made.
  auto injected = limit();
  ASSERT_TRUE(ok(injected));
  EXPECT_EQ(table_.limit_of(20).soft, 125U);
  for (const pid_t pid : {50, 51}) {
    table_.add(pid, "daemon", 20);
    table_.at(pid).parent = 1;
    table_.at(pid).session = table_.at(pid).group = pid;
  }
  table_.limit_of(51).soft = 99;  // Its own doing.
  table_.add(52, "stranger", 40);
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(table_.limit_of(50).soft, 1024U);
  EXPECT_EQ(table_.limit_of(51).soft, 99U);
  EXPECT_EQ(table_.limit_of(52).soft, 126U);
  EXPECT_EQ(table_.limit_of(40).soft, 126U);
}

TEST_F(Limited, HasALimitOfItsOwnForEachThatItWasBefore) {
  table_.limit_of(21) = {2048, 4096, 24};
  asked_.share = Share{1};
  auto injected = limit();
  ASSERT_TRUE(ok(injected));
  EXPECT_EQ(table_.limit_of(20).soft, 24U);
  EXPECT_EQ(table_.limit_of(21).soft, 23U);
  table_.add(50, "daemon", 21);
  table_.at(50).parent = 1;
  table_.at(50).session = table_.at(50).group = 50;
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(table_.limit_of(20).soft, 1024U);
  EXPECT_EQ(table_.limit_of(21).soft, 2048U);
  EXPECT_EQ(table_.limit_of(50).soft, 2048U);
}

TEST_F(Limited, IsResidueWhereNoLimitTellsWhoHasItFromThere) {
  asked_.share = {};
  asked_.count = 1023;
  table_.limit_of(40).soft = 1;
  table_.add(41, "newest");
  auto injected = limit();
  ASSERT_TRUE(ok(injected));
  table_.add(50, "daemon", 20);
  table_.at(50).parent = 1;
  table_.at(50).session = table_.at(50).group = 50;
  const auto reverted = injected->active.revert();
  ASSERT_FALSE(reverted);
  EXPECT_TRUE(is_residue(reverted.error()));
  EXPECT_THAT(reverted.error().message(), HasSubstr("before, too: pid 50:"));
  EXPECT_EQ(table_.limit_of(20).soft, 1024U);
  table_.remove(50);
  EXPECT_TRUE(ok(injected->active.revert()));
}

TEST_F(Limited, IsMetOnceWhereOneCandidateCameOfAnother) {
  of_ = {};
  of_.name = "nginx";
  auto injected = limit();
  ASSERT_TRUE(ok(injected));
  EXPECT_EQ(journal_->open_changes(), 2U);
  EXPECT_TRUE(ok(injected->active.revert()));
  expect_as_before(__LINE__);
}

TEST_F(Limited, IsIneffectiveWhenSoMuchWasInUseAlreadyOrItIsRaisedAgain) {
  asked_.share = Share{0.01};
  auto injected = limit();
  ASSERT_TRUE(ok(injected));
  EXPECT_FALSE(injected->finding.took);
  EXPECT_EQ(injected->finding.why_not, "as many as were asked for were in use already");
  EXPECT_EQ(journal_->open_changes(), 0U);

  asked_.share = Share{0.9};
  injected = limit();
  ASSERT_TRUE(ok(injected));
  table_.limit_of(21).soft = 900;
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_FALSE(injected->look().took);
  EXPECT_EQ(injected->look().why_not, "a process has raised its limit again");
  EXPECT_EQ(table_.limit_of(20).soft, 1024U);
  EXPECT_EQ(table_.limit_of(21).soft, 900U);
}

TEST_F(Limited, IsRefusedWhereAnotherFaultHoldsTheProcess) {
  auto first = limit();
  ASSERT_TRUE(ok(first));
  asked_.share = Share{1};
  const auto second = limit();
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), HasSubstr("is lowered by another fault already"));
  EXPECT_EQ(table_.limit_of(20).soft, 126U);
  EXPECT_TRUE(ok(first->active.revert()));
  expect_as_before(__LINE__);
}

TEST_F(Limited, LeavesNothingBehindWhicheverCallIsRefused) {
  table_.refuse_call(0);
  ASSERT_TRUE(ok(limit()));  // Injected and reverted.
  const int calls = table_.calls();
  ASSERT_GT(calls, 10);
  for (int refused = 1; refused <= calls; ++refused) {
    build();
    table_.refuse_call(refused);
    {
      auto injected = limit();
      if (!injected) {
        EXPECT_FALSE(is_residue(injected.error())) << refused;
        expect_as_before(refused);
      } else if (const auto reverted = injected->active.revert(); !reverted) {
        EXPECT_TRUE(is_residue(reverted.error())) << refused;
      }
    }  // The handle's last try.
    expect_as_before(refused);
  }
}

TEST_F(Limited, IsRecoveredWhereverItsAgentDied) {
  table_.refuse_call(0);
  ASSERT_TRUE(ok(limit()));
  const int calls = table_.calls();
  const auto boot = boot_id();
  ASSERT_TRUE(ok(boot));
  for (int last = 1; last <= calls; ++last) {
    build();
    auto journal = Journal::open(folder_ / std::to_string(last), {{78, 5000}, *boot});
    ASSERT_TRUE(ok(journal));
    journal_ = *std::move(journal);
    table_.refuse_all_after(last);
    { [[maybe_unused]] const auto injected = limit(); }
    table_.refuse_call(0);
    const auto report = recover(folder_ / std::to_string(last), table_);
    ASSERT_TRUE(ok(report));
    EXPECT_TRUE((*report).is_clean()) << last;
    for (const pid_t pid : {20, 21}) EXPECT_EQ(table_.limit_of(pid).soft, 1024U) << last;
  }
}

}  // namespace
}  // namespace squall::faults
