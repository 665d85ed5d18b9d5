#include "reports/text/layout.h"

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

constexpr SummaryStyle kNarrow = {.columns = 20, .color = false, .unicode = true};

TEST(Layout, ACharacterIsOneColumn) {
  EXPECT_EQ(width_of("µs → ✓"), 6U);
  EXPECT_EQ(filled_left("µs", 4), "  µs");
  EXPECT_EQ(filled_right("µs", 4), "µs  ");
  EXPECT_EQ(filled_left("wide", 2), "wide");
}

TEST(Layout, CutsBetweenCharactersAndSaysSo) {
  EXPECT_EQ(cut_to("µµµµ", 4, true), "µµµµ");
  EXPECT_EQ(cut_to("µµµµµ", 4, true), "µµµ…");
  EXPECT_EQ(cut_to("abcdef", 4, false), "ab..");
}

TEST(Layout, WrapsAtWordsUnderItsLead) {
  EXPECT_EQ(wrapped("  - ", "one two three four five", kNarrow),
            "  - one two three\n    four five\n");
  EXPECT_EQ(wrapped("  ", "averyverylongwordindeed it is", kNarrow),
            "  averyverylongwordindeed\n  it is\n");
  EXPECT_EQ(wrapped("  ", "", kNarrow), "  \n");
}

TEST(Layout, ATableIsAlignedAndDrawsTogetherBeforeItsFirstColumnIsCut) {
  EXPECT_EQ(table({{"name", "due"}, {"a", "1"}, {"b", "1,000"}}, 2, kNarrow),
            "  name    due\n"
            "  a         1\n"
            "  b     1,000\n");
  EXPECT_EQ(table({{"a rather long name", "12345"}}, 2, kNarrow), "  a rather lo… 12345\n");
}

TEST(Layout, PaintsOnlyWhereThereAreColours) {
  EXPECT_EQ(painted("x", Paint::kRed, kNarrow), "x");
  SummaryStyle coloured = kNarrow;
  coloured.color = true;
  EXPECT_EQ(painted("x", Paint::kRed, coloured), "\x1b[1;31mx\x1b[0m");
  EXPECT_EQ(painted("x", Paint::kPlain, coloured), "x");
}

}  // namespace
}  // namespace squall::reports
