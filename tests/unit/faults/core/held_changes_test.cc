#include "faults/core/held_changes.h"

#include <csignal>
#include <memory>

#include <gtest/gtest.h>

#include "faults/core/fault_error.h"

#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

/// Two processes that are stopped, written down before.
class HeldChangesOfTwo : public testing::Test {
 protected:
  void SetUp() override {
    auto journal = Journal::open(folder_.path(), {{77, 5000}, "boot-1"});
    ASSERT_TRUE(ok(journal));
    journal_ = *std::move(journal);
  }
  void stop(HeldChanges& held) {
    ASSERT_TRUE(ok(held.record({Change{"stop web", "S", ContinueUndo{web_}},
                                Change{"stop data", "S", ContinueUndo{data_}}})));
    table_.at(20).state = 'T';
    table_.at(30).state = 'T';
  }

  TemporaryFolder folder_;
  FakeProcessTable table_;
  const ProcessId web_ = table_.add(20, "web");
  const ProcessId data_ = table_.add(30, "data");
  std::unique_ptr<Journal> journal_;
};

TEST_F(HeldChangesOfTwo, AreUndoneTheLastFirst) {
  HeldChanges held(table_, *journal_);
  stop(held);
  EXPECT_EQ(journal_->open_changes(), 2U);
  EXPECT_TRUE(ok(held.let_go()));
  ASSERT_EQ(table_.sent().size(), 2U);
  EXPECT_EQ(table_.sent()[0].first, 30);
  EXPECT_EQ(table_.sent()[1].first, 20);
  EXPECT_EQ(journal_->open_changes(), 0U);
  EXPECT_TRUE(ok(held.let_go()));
  EXPECT_EQ(table_.sent().size(), 2U);
}

TEST_F(HeldChangesOfTwo, ThatFailStayHeldAndDoNotKeepTheOthers) {
  HeldChanges held(table_, *journal_);
  stop(held);
  table_.refuse_call(1);
  const auto failed = held.let_go();
  ASSERT_FALSE(failed);
  EXPECT_TRUE(is_residue(failed.error()));
  EXPECT_EQ(table_.at(20).state, 'S');
  EXPECT_EQ(table_.at(30).state, 'T');
  EXPECT_EQ(journal_->open_changes(), 1U);
  EXPECT_TRUE(ok(held.let_go()));
  EXPECT_EQ(table_.at(30).state, 'S');
  EXPECT_EQ(journal_->open_changes(), 0U);
}

TEST_F(HeldChangesOfTwo, LetTheLastGoAlone) {
  HeldChanges held(table_, *journal_);
  stop(held);
  EXPECT_TRUE(ok(held.let_go_of_last()));
  EXPECT_EQ(table_.at(20).state, 'T');
  EXPECT_EQ(table_.at(30).state, 'S');
  EXPECT_EQ(journal_->open_changes(), 1U);
  EXPECT_TRUE(ok(held.let_go()));
  EXPECT_EQ(table_.at(20).state, 'S');
}

TEST_F(HeldChangesOfTwo, AreLeftToTheLastThatHasMadeThem) {
  HeldChanges first(table_, *journal_);
  HeldChanges second(table_, *journal_);
  stop(first);
  stop(second);
  EXPECT_TRUE(ok(first.let_go()));
  EXPECT_EQ(table_.count_in_state('T'), 2);
  EXPECT_EQ(journal_->open_changes(), 2U);
  EXPECT_TRUE(ok(second.let_go()));
  EXPECT_EQ(table_.count_in_state('T'), 0);
}

}  // namespace
}  // namespace squall::faults
