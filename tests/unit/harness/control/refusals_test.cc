#include "harness/control/refusals.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall::control {
namespace {

using namespace std::chrono_literals;

TEST(Refusals, TellsOfTheFirstAtOnce) {
  Refusals refusals;
  EXPECT_EQ(refusals.take("wrong version", Instant(1h)), "a connection was refused: wrong version");
  EXPECT_EQ(refusals.rest(), "");
}

TEST(Refusals, TellsOfTenThousandInTwoLines) {
  Refusals refusals;
  int lines = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (!refusals.take("no hello", Instant(1h + i * 100us)).empty()) ++lines;
  }
  EXPECT_EQ(lines, 1);
  EXPECT_EQ(refusals.rest(), "9999 more connections were refused, the last: no hello");
  EXPECT_EQ(refusals.rest(), "");
}

TEST(Refusals, TellsOfThoseInBetweenWithTheNextThatIsSaid) {
  Refusals refusals;
  refusals.take("a", Instant(1h));
  EXPECT_EQ(refusals.take("b", Instant(1h + 1s)), "");
  EXPECT_EQ(refusals.take("c", Instant(1h + Refusals::kBetween)),
            "2 more connections were refused, the last: c");
  EXPECT_EQ(refusals.take("d", Instant(1h + 2 * Refusals::kBetween)),
            "a connection was refused: d");
}

}  // namespace
}  // namespace squall::control
