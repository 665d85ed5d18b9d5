#include "faults/core/journal_text.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

const JournalOwner kOwner{{77, 5000}, "boot-1"};

JournalEntry an_entry(std::uint64_t number) {
  return {number, "boot-1", {"SIGSTOP to web", "S", ContinueUndo{{123, 456}}}};
}

TEST(JournalText, GivesBackWhatWasWritten) {
  const JournalEntry kill{2, "boot-1", {"start of web.1", "not running", KillUndo{{9, 8}}}};
  const auto contents =
      read_journal(owner_line(kOwner) + entry_line(an_entry(1)) + entry_line(kill));
  EXPECT_EQ(contents.owner, kOwner);
  ASSERT_THAT(contents.open, SizeIs(2));
  EXPECT_EQ(contents.open[0].change.intent, "SIGSTOP to web");
  EXPECT_EQ(contents.open[0].change.prior, "S");
  EXPECT_EQ(contents.open[0].boot_id, "boot-1");
  EXPECT_EQ(contents.open[0].change.undo, Undo(ContinueUndo{{123, 456}}));
  EXPECT_EQ(contents.open[1].change.undo, Undo(KillUndo{{9, 8}}));
  EXPECT_EQ(contents.highest, 2U);
  EXPECT_EQ(contents.unreadable, 0U);
}

TEST(JournalText, KnowsEveryKindOfUndo) {
  const HangUndo hang{"/sys/fs/cgroup/web.slice/squall_77_5000_1"};
  const LimitUndo limit{{123, 456}, 1024, 24, 789, true};
  const auto contents = read_journal(entry_line({1, "boot-1", {"hang", "/web.slice", hang}}) +
                                     entry_line({2, "boot-1", {"limit", "1024", limit}}));
  ASSERT_THAT(contents.open, SizeIs(2));
  EXPECT_EQ(contents.open[0].change.undo, Undo(hang));
  EXPECT_EQ(contents.open[1].change.undo, Undo(limit));
}

TEST(JournalText, OfAnEarlierVersionTellsNotWhoElseHadALimit) {
  std::string line =
      entry_line({1, "boot-1", {"", "", LimitUndo{{123, 456}, 1024, 24, 789, true}}});
  for (const std::string part : {",\"since\":789", ",\"telling\":true"}) {
    ASSERT_NE(line.find(part), std::string::npos) << line;
    line.erase(line.find(part), part.size());
  }
  const auto contents = read_journal(line);
  ASSERT_THAT(contents.open, SizeIs(1));
  EXPECT_EQ(contents.open[0].change.undo, Undo(LimitUndo{{123, 456}, 1024, 24}));
}

TEST(JournalText, NeverAsksForAControlGroupThatIsNotOursNorForALowerLimit) {
  for (const Undo& undo : {Undo(HangUndo{"/sys/fs/cgroup/web.slice"}),
                           Undo(HangUndo{"squall_1_2_3"}), Undo(HangUndo{"/a/../squall_1_2_3"}),
                           Undo(LimitUndo{{1, 2}, 9, 8}), Undo(LimitUndo{{123, 456}, 24, 1024})}) {
    const auto contents = read_journal(entry_line({1, "boot-1", {"", "", undo}}));
    EXPECT_EQ(contents.unreadable, 1U) << describe(undo);
  }
}

TEST(JournalText, LeavesOutWhatIsDone) {
  const auto contents =
      read_journal(entry_line(an_entry(1)) + entry_line(an_entry(2)) + done_line(1));
  ASSERT_THAT(contents.open, SizeIs(1));
  EXPECT_EQ(contents.open[0].number, 2U);
}

TEST(JournalText, ATornLastLineCostsNothingBeforeIt) {
  const std::string whole = entry_line(an_entry(1)) + entry_line(an_entry(2));
  const std::size_t first = entry_line(an_entry(1)).size();
  for (std::size_t length = first + 1; length < whole.size(); ++length) {
    const auto contents = read_journal(whole.substr(0, length));
    EXPECT_THAT(contents.open, SizeIs(1)) << length;
    EXPECT_TRUE(contents.is_torn) << length;
    EXPECT_EQ(contents.unreadable, 0U) << length;
  }
}

TEST(JournalText, CountsLinesThatMakeNoSense) {
  const auto contents = read_journal("{\"entry\":\"one\"}\n[[[[\n\xff\xfe\n7\nnull\n" +
                                     entry_line(an_entry(4)) + entry_line(an_entry(4)));
  EXPECT_THAT(contents.open, SizeIs(1));
  EXPECT_EQ(contents.unreadable, 6U);  // The last one is a number given twice.
}

TEST(JournalText, NeverAsksToSignalWhatNoFaultMayTouch) {
  const std::string before = R"({"entry":1,"boot":"b","intent":"","prior":"","undo":)";
  for (const std::string undo :
       {R"({"kind":"kill","pid":1,"start_ticks":1})", R"({"kind":"kill","pid":0,"start_ticks":1})",
        R"({"kind":"kill","pid":-5,"start_ticks":1})",
        R"({"kind":"kill","pid":4294967297,"start_ticks":1})", R"({"kind":"kill","pid":5})",
        R"({"kind":"signal","pid":5,"start_ticks":1,"signal":9})",
        R"({"kind":"run","pid":5,"start_ticks":1})", R"("kill")", "null"}) {
    const auto contents = read_journal(before + undo + "}\n");
    EXPECT_THAT(contents.open, IsEmpty()) << undo;
    EXPECT_EQ(contents.unreadable, 1U) << undo;
  }
}

TEST(JournalText, WritesWordsThatAreNotUtf8) {
  JournalEntry entry = an_entry(1);
  entry.change.intent = "SIGSTOP to \xff\n";
  EXPECT_THAT(read_journal(entry_line(entry)).open, SizeIs(1));
}

}  // namespace
}  // namespace squall::faults
