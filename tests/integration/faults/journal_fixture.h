#pragma once

#include <memory>

#include <gtest/gtest.h>

#include "faults/core/journal.h"
#include "faults/core/recover.h"
#include "faults/process/procfs_table.h"

#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {

/// A journal of this process, in a folder of the test's.
class Journalled : public testing::Test {
 protected:
  void SetUp() override { open_journal(); }

  void open_journal() {
    auto owner = this_owner(table_);
    ASSERT_TRUE(ok(owner));
    auto journal = Journal::open(folder_ / "journal", *owner);
    ASSERT_TRUE(ok(journal));
    journal_ = *std::move(journal);
  }

  /// Recovery finds nothing to do, though an end may not have been written down; or `may_be_left`.
  /// The journal is a new one then.
  void expect_nothing_to_recover(bool may_be_left = false) {
    const auto report = recover(folder_.path(), table_, {.owners_are_dead = true});
    ASSERT_TRUE(ok(report));
    EXPECT_TRUE((*report).is_clean());
    for (const RecoveredChange& one : (*report).changes) {
      if (may_be_left) continue;
      EXPECT_EQ(one.outcome, RecoveredChange::Outcome::kNothingWasLeft) << one.intent;
    }
    open_journal();
  }

  TemporaryFolder folder_;
  ProcfsTable table_;
  std::unique_ptr<Journal> journal_;
};

}  // namespace squall::faults
