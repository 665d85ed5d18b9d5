#include "faults/core/journal.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using testing::SizeIs;

const JournalOwner kOwner{{77, 5000}, "boot-1"};
const Change kChange{"SIGSTOP to web", "S", ContinueUndo{{123, 456}}};

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Journal, HasAChangeOnDiskBeforeItReturns) {
  const TemporaryFolder folder;
  const auto journal = Journal::open(folder / "deep/run", kOwner);
  ASSERT_TRUE(ok(journal));
  ASSERT_TRUE(ok((*journal)->record(kChange)));
  const auto contents = read_journal(text_of((*journal)->file()));
  EXPECT_EQ(contents.owner, kOwner);
  ASSERT_THAT(contents.open, SizeIs(1));
  EXPECT_EQ(contents.open[0].change.undo, kChange.undo);
  EXPECT_EQ((*journal)->open_changes(), 1U);
}

TEST(Journal, IsRemovedAtTheEndOnlyWhenAllIsDone) {
  const TemporaryFolder folder;
  const auto journal = Journal::open(folder.path(), kOwner);
  ASSERT_TRUE(ok(journal));
  const auto numbers = (*journal)->record({kChange, kChange});
  ASSERT_TRUE(ok(numbers));
  ASSERT_TRUE(ok((*journal)->mark_done((*numbers)[0])));
  {
    const auto again = Journal::open(folder.path(), kOwner);  // As after a mishap.
    ASSERT_TRUE(ok(again));
    EXPECT_EQ((*again)->open_changes(), 1U);
    ASSERT_TRUE(ok((*again)->close()));
    EXPECT_TRUE(exists((*journal)->file()));
  }
  ASSERT_TRUE(ok((*journal)->mark_done((*numbers)[1])));
  ASSERT_TRUE(ok((*journal)->close()));
  EXPECT_FALSE(exists((*journal)->file()));
  EXPECT_FALSE((*journal)->record(kChange));
}

TEST(Journal, LeavesAnUndoToTheLastOfThoseThatShareIt) {
  const TemporaryFolder folder;
  auto journal = Journal::open(folder.path(), kOwner);
  ASSERT_TRUE(ok(journal));
  const Change stop{"SIGSTOP to web", "S", ContinueUndo{{123, 456}}};
  const auto numbers =
      (*journal)->record({stop, stop, Change{"SIGSTOP to another", "S", ContinueUndo{{124, 456}}}});
  ASSERT_TRUE(ok(numbers));
  const auto is_in_force = [&] {
    return (*journal)->any_in_force([&](const Undo& one) { return one == stop.undo; });
  };
  EXPECT_FALSE((*journal)->leave_to_another((*numbers)[2]));
  EXPECT_TRUE((*journal)->leave_to_another((*numbers)[1]));
  EXPECT_TRUE(ok((*journal)->mark_done((*numbers)[1])));
  EXPECT_TRUE(is_in_force());
  EXPECT_FALSE((*journal)->leave_to_another((*numbers)[0]));
  EXPECT_TRUE(ok((*journal)->mark_done((*numbers)[0])));
  EXPECT_FALSE(is_in_force());
  EXPECT_EQ((*journal)->open_changes(), 1U);
}

TEST(Journal, GoesOnAfterATornLineWithoutLosingTheNext) {
  const TemporaryFolder folder;
  std::filesystem::path file;
  {
    const auto journal = Journal::open(folder.path(), kOwner);
    ASSERT_TRUE(ok(journal));
    ASSERT_TRUE(ok((*journal)->record(kChange)));
    file = (*journal)->file();
  }
  std::ofstream(file, std::ios::app) << R"({"entry":2,"boo)";
  const auto journal = Journal::open(folder.path(), kOwner);
  ASSERT_TRUE(ok(journal));
  ASSERT_TRUE(ok((*journal)->record(kChange)));
  EXPECT_THAT(read_journal(text_of(file)).open, SizeIs(2));
}

TEST(Journal, SaysThatAChangeMayNotBeMadeWhenItCannotBeWritten) {
  const TemporaryFolder folder;
  const auto journal = Journal::open(folder.path(), kOwner);
  ASSERT_TRUE(ok(journal));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  // As a full disk: some of the line goes in, the rest does not.
  const rlimit full{file_size((*journal)->file()) + 10, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  const auto refused = (*journal)->record(kChange);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);

  EXPECT_FALSE(refused);
  EXPECT_EQ((*journal)->open_changes(), 0U);
  ASSERT_TRUE(ok((*journal)->record(kChange)));  // There is room again.
  EXPECT_THAT(read_journal(text_of((*journal)->file())).open, SizeIs(1));
}

TEST(Journal, NeedsADirectoryThatCanBeMade) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  EXPECT_FALSE(Journal::open(folder / "file/run", kOwner));
}

}  // namespace
}  // namespace squall::faults
