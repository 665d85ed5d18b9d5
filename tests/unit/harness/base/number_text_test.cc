#include "harness/base/number_text.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(Rounded, KeepsThreeDigitsThatCountAndAllBeforeThePoint) {
  EXPECT_EQ(rounded(80.3219), "80.3");
  EXPECT_EQ(rounded(0.0012345), "0.00123");
  EXPECT_EQ(rounded(2), "2");
  EXPECT_EQ(rounded(99.96), "100");
  EXPECT_EQ(rounded(12345.6), "12346");
  EXPECT_EQ(rounded(1e9), "1000000000");
  EXPECT_EQ(rounded(0), "0");
  EXPECT_EQ(rounded(-0.5), "-0.5");
}

TEST(Exact, TellsAllThatADoubleHoldsAndNoMore) {
  EXPECT_EQ(exact(1234567), "1234567");
  EXPECT_EQ(exact(12.5e9 * 8), "100000000000");
  EXPECT_EQ(exact(33.333333), "33.333333");
  EXPECT_EQ(exact(0.07 * 100), "7");
  EXPECT_EQ(exact(0.1 + 0.2), "0.3");
  EXPECT_EQ(exact(1.1111), "1.1111");
  EXPECT_EQ(exact(0), "0");
  EXPECT_EQ(exact(-0.0), "0");
}

}  // namespace
}  // namespace squall
