#include "reports/judge/words.h"

#include <chrono>
#include <limits>

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;

TEST(Words, CountsHaveACommaAtEveryThousand) {
  EXPECT_EQ(thousands(0), "0");
  EXPECT_EQ(thousands(999), "999");
  EXPECT_EQ(thousands(1000), "1,000");
  EXPECT_EQ(thousands(60'000), "60,000");
  EXPECT_EQ(thousands(1'234'567'890), "1,234,567,890");
}

TEST(Words, OneThingIsNotSeveral) {
  EXPECT_EQ(counted(1, "request"), "1 request");
  EXPECT_EQ(counted(0, "request"), "0 requests");
  EXPECT_EQ(counted(2000, "request"), "2,000 requests");
}

TEST(Words, ATimeHasThreeDigits) {
  EXPECT_EQ(in_three_digits(0ns), "0 µs");
  EXPECT_EQ(in_three_digits(850us), "850 µs");
  EXPECT_EQ(in_three_digits(850us, false), "850 us");
  EXPECT_EQ(in_three_digits(1200us), "1.20 ms");
  EXPECT_EQ(in_three_digits(12'340us), "12.3 ms");
  EXPECT_EQ(in_three_digits(250ms), "250 ms");
  EXPECT_EQ(in_three_digits(1200ms), "1.20 s");
  EXPECT_EQ(in_three_digits(1h), "3,600 s");
  EXPECT_EQ(in_three_digits(-1200us), "-1.20 ms");
}

TEST(Words, ATimeTakesTheNextUnitWhenRoundingFillsOne) {
  EXPECT_EQ(in_three_digits(999'600ns), "1.00 ms");
  EXPECT_EQ(in_three_digits(9'996us), "10.0 ms");
  EXPECT_EQ(in_three_digits(99'960us), "100 ms");
  EXPECT_EQ(in_three_digits(999'600us), "1.00 s");
}

TEST(Words, WhatIsSpentIsRoundedUpToThreeDigits) {
  EXPECT_EQ(percent_up(0), "0 %");
  EXPECT_EQ(percent_up(5 / 259'200.0), "0.00193 %");
  EXPECT_EQ(percent_up(5 / 3'110'400'000.0), "0.000000161 %");
  EXPECT_EQ(percent_up(0.29), "29 %");
  EXPECT_EQ(percent_up(0.9996), "100 %");
  EXPECT_EQ(percent_up(1), "100 %");
  EXPECT_EQ(percent_up(1.0001), "101 %");
  EXPECT_EQ(percent_up(12.345), "1,235 %");
  EXPECT_EQ(percent_up(std::numeric_limits<double>::infinity()), "more than all");
}

TEST(Words, AChosenLengthHasNoNeedlessZeros) {
  EXPECT_EQ(as_chosen(250ms), "250 ms");
  EXPECT_EQ(as_chosen(1500ms), "1.5 s");
  EXPECT_EQ(as_chosen(60s), "60 s");
  EXPECT_EQ(as_chosen(100s), "100 s");
  EXPECT_EQ(as_chosen(250us), "250 µs");
  EXPECT_EQ(as_chosen(0s), "0 s");
}

TEST(Words, ARateHasATenthWhereItMatters) {
  EXPECT_EQ(rate_in_words({0}), "0/s");
  EXPECT_EQ(rate_in_words({999.8}), "999.8/s");
  EXPECT_EQ(rate_in_words({1000}), "1,000/s");
  EXPECT_EQ(rate_in_words({1999.96}), "2,000/s");
  EXPECT_EQ(rate_in_words({59'999.6}), "60,000/s");
}

TEST(Words, AnAmountOfDataHasThreeDigits) {
  EXPECT_EQ(bytes_in_words(0), "0 B");
  EXPECT_EQ(bytes_in_words(999), "999 B");
  EXPECT_EQ(bytes_in_words(98'200), "98.2 kB");
  EXPECT_EQ(bytes_in_words(999'600), "1.00 MB");
  EXPECT_EQ(bytes_in_words(1'204'000'000), "1.20 GB");
}

TEST(Words, APercentageNeverRoundsUp) {
  EXPECT_EQ(percent(1), "100 %");
  EXPECT_EQ(percent(0.999999), "99.99 %");
  EXPECT_EQ(percent(0.5), "50 %");
  EXPECT_EQ(percent(0.29), "29 %");
  EXPECT_EQ(percent(0), "0 %");
  EXPECT_EQ(percent(0.98999, 0), "98 %");
}

TEST(Words, APercentageTakesAsManyDigitsAsItsGoal) {
  EXPECT_EQ(percent_decimals(0.99), 2);
  EXPECT_EQ(percent_decimals(0.99999), 3);
  EXPECT_EQ(percent(0.999989, percent_decimals(0.99999)), "99.998 %");
}

}  // namespace
}  // namespace squall::reports
