#include "reports/judge/burn_rate.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/judge/run_result.h"

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;

/// 100 requests in each of `seconds` seconds, of which `share` were bad from second `from` to `to`.
ErrorSeries series_of(std::size_t seconds, double share, std::size_t from, std::size_t to) {
  ErrorSeries series;
  series.samples.assign(seconds, 100);
  series.bad.assign(seconds, 0);
  for (std::size_t i = from; i < to; ++i) series.bad[i] = 100 * share;
  return series;
}

std::vector<BurnAlert> by_the_workbook(const ErrorSeries& series, double goal) {
  return burn_alerts(series, goal, {100}, workbook_rules());
}

TEST(BurnRate, FiresForATotalOutageWhenTheWorkbookSays) {
  // Detection time = (1 − goal) ÷ share of errors × long window × factor, with 99.9 % and all bad:
  // 0.001 × 60 min × 14.4 = 0.864 min = 51.84 s, 0.001 × 360 × 6 = 2.16 min = 129.6 s,
  // 0.001 × 1440 × 3 = 4.32 min = 259.2 s, and 0.001 × 4320 × 1 = the same. The short windows are
  // exceeded in a twelfth of that.
  const auto alerts = by_the_workbook(series_of(300, 1, 0, 300), 0.999);
  ASSERT_EQ(alerts.size(), 4U);
  const double expected[] = {51.84, 129.6, 259.2, 259.2};
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    ASSERT_EQ(alerts[i].firings.size(), 1U) << i;
    EXPECT_NEAR(to_seconds(alerts[i].firings[0].from), expected[i], 1e-4) << i;
    EXPECT_FALSE(alerts[i].firings[0].to) << i;
  }
}

TEST(BurnRate, FiresLaterTheFewerAreBad) {
  // A tenth is bad: ten times 0.864 min is 518.4 s. 1.5 % is bad: 0.001 ÷ 0.015 × 3600 s × 14.4 =
  // 3456 s.
  EXPECT_NEAR(to_seconds(by_the_workbook(series_of(600, 0.1, 0, 600), 0.999)[0].firings[0].from),
              518.4, 1e-4);
  EXPECT_NEAR(
      to_seconds(by_the_workbook(series_of(3600, 0.015, 0, 3600), 0.999)[0].firings[0].from), 3456,
      1e-3);
}

TEST(BurnRate, FiresAtEveryRateOfErrorsWhenTheWorkbookSaysInAllFourWindows) {
  // Detection time = (1 − goal) ÷ share × long window × factor, for 99.9 %. The short windows, a
  // twelfth of the long ones, are exceeded in a twelfth of that. In seconds, for the four rules:
  //   all bad: 0.001 × 3600 × 14.4 = 51.84, × 21600 × 6 = 129.6, × 86400 × 3 = 259.2, × 259200 × 1
  //   = 259.2;  half: twice that;  10 %: ten times;  5 %: twenty times;  2 %: fifty times: 2592,
  //   6480, 12960 and 12960, all less than the long windows, 1 h, 6 h, 24 h and 72 h.
  const double of_all[] = {51.84, 129.6, 259.2, 259.2};
  for (const double share : {1.0, 0.5, 0.1, 0.05, 0.02}) {
    const auto alerts = by_the_workbook(series_of(13'000, share, 0, 13'000), 0.999);
    for (std::size_t rule = 0; rule < alerts.size(); ++rule) {
      ASSERT_EQ(alerts[rule].firings.size(), 1U) << share << " of rule " << rule;
      EXPECT_NEAR(to_seconds(alerts[rule].firings[0].from), of_all[rule] / share, 1e-3)
          << share << " of rule " << rule;
    }
  }
}

TEST(BurnRate, FiresOnlyTheRulesThatSoFewErrorsExceed) {
  // 0.5 % of 99.9 % burns 5 times as fast as allowed: not 14.4, not 6. At 3 the day's alert comes
  // after 0.001 ÷ 0.005 × 86400 s × 3 = 51,840 s (14.4 h), and so does that of three days at 1:
  // 0.2 × 259,200 s = 51,840 s.
  const auto alerts = by_the_workbook(series_of(52'000, 0.005, 0, 52'000), 0.999);
  EXPECT_TRUE(alerts[0].firings.empty());
  EXPECT_TRUE(alerts[1].firings.empty());
  for (const std::size_t rule : {2U, 3U}) {
    ASSERT_EQ(alerts[rule].firings.size(), 1U) << rule;
    EXPECT_NEAR(to_seconds(alerts[rule].firings[0].from), 51'840, 0.01) << rule;
  }
}

TEST(BurnRate, JustTheFactorIsNotExceeded) {
  // 1.44 % of 99.9 % burns 14.4 times as fast as allowed, for ever.
  EXPECT_TRUE(by_the_workbook(series_of(4000, 0.0144, 0, 4000), 0.999)[0].firings.empty());
}

TEST(BurnRate, IsOverWhenTheShortWindowIsCleanEnough) {
  // All bad for 60 s. Of the 300 s before t > 60 there are 360 − t bad ones: at 4.32 (0.0144 × 300)
  // the alert is over, at 355.68 s. The long window is beyond its limit much longer.
  const auto alerts = by_the_workbook(series_of(600, 1, 0, 60), 0.999);
  ASSERT_EQ(alerts[0].firings.size(), 1U);
  EXPECT_NEAR(to_seconds(alerts[0].firings[0].from), 51.84, 1e-4);
  EXPECT_NEAR(to_seconds(*alerts[0].firings[0].to), 355.68, 1e-4);
  // 60 s of 6 h are 2.8 times the allowed, of 1 d and 3 d less: no other alert.
  for (const std::size_t other : {1U, 2U, 3U}) EXPECT_TRUE(alerts[other].firings.empty());
}

TEST(BurnRate, AlertsThatCameAndWentComeAgain) {
  // The second outage at 1000 s finds the first 60 s still in the hour: the long window is beyond
  // its limit at once, and the short one after 0.0144 × 300 s = 4.32 s.
  ErrorSeries series = series_of(1100, 1, 0, 60);
  for (std::size_t i = 1000; i < 1010; ++i) series.bad[i] = 100;
  const auto firings = by_the_workbook(series, 0.999)[0].firings;
  ASSERT_EQ(firings.size(), 2U);
  EXPECT_NEAR(to_seconds(firings[1].from), 1004.32, 1e-4);
}

TEST(BurnRate, AGoalOfAllBurnsInfinitelyFast) {
  const auto alerts = by_the_workbook(series_of(10, 0.01, 4, 5), 1);
  for (const BurnAlert& alert : alerts) {
    ASSERT_EQ(alert.firings.size(), 1U);
    EXPECT_NEAR(to_seconds(alert.firings[0].from), 4, 1e-4);
  }
}

TEST(BurnRate, NothingMeasuredIsNoAlert) {
  for (const BurnAlert& alert : judge_burn({}, 0.999, 60s).alerts) {
    EXPECT_TRUE(alert.firings.empty());
  }
}

TEST(BurnRate, IsScaledSoThatSixHoursBecomeTheRun) {
  // 60 s of 6 h are 1 in 360: 1 h is 10 s, 5 min 0.83 s (a second at least), 30 min 5 s, 1 d 240 s.
  const auto scale = scale_for(60s);
  ASSERT_TRUE(scale);
  EXPECT_DOUBLE_EQ(*scale, 1.0 / 360);
  const auto rules = scaled_rules(workbook_rules(), *scale);
  EXPECT_EQ(rules[0].long_window, 10s);
  EXPECT_EQ(rules[0].short_window, 1s);
  EXPECT_EQ(rules[1].long_window, 60s);
  EXPECT_EQ(rules[1].short_window, 5s);
  EXPECT_EQ(rules[2].long_window, 240s);
  EXPECT_EQ(rules[3].factor, 1);
  EXPECT_FALSE(scale_for(6h));
}

TEST(BurnRate, AShortRunFiresScaledAlertsAndNoTrueOnes) {
  // All bad from 20 s to 25 s of 60 s, goal 99 %: five seconds are 1/72 of the 1 % × 14.4 of an
  // hour, so no true alert. Scaled, 10 s × 0.144 = 1.44 s are enough.
  const BurnResult burn = judge_burn(series_of(60, 1, 20, 25), 0.99, 60s);
  EXPECT_TRUE(burn.alerts[0].firings.empty());
  ASSERT_TRUE(burn.scale);
  ASSERT_EQ(burn.scaled[0].firings.size(), 1U);
  EXPECT_NEAR(to_seconds(burn.scaled[0].firings[0].from), 21.44, 1e-4);
  // Over when the second before has 14.4 % bad ones: at 25.856 s.
  EXPECT_NEAR(to_seconds(*burn.scaled[0].firings[0].to), 25.856, 1e-4);
}

TEST(BurnRate, ABadOneCountsFromWhenItWasKnown) {
  // As in AShortRunFiresScaledAlertsAndNoTrueOnes, but each was known 5 s after it was due.
  ErrorSeries series = series_of(60, 1, 20, 25);
  series.became_known(25s, 5s, 500);
  const BurnResult burn = judge_burn(series, 0.99, 60s);
  ASSERT_EQ(burn.scaled[0].firings.size(), 1U);
  EXPECT_NEAR(to_seconds(burn.scaled[0].firings[0].from), 26.44, 1e-4);
  EXPECT_NEAR(to_seconds(*burn.scaled[0].firings[0].to), 30.856, 1e-4);
}

TEST(BurnRate, WhatIsKnownAfterTheLoadEndedStillFires) {
  // All of the last 5 s is bad, known from 62 to 67 s. 1.44 s of it are 14.4 × 1 % of 10 s.
  ErrorSeries series = series_of(60, 1, 55, 60);
  series.became_known(62s, 5s, 500);
  const auto firings = judge_burn(series, 0.99, 60s).scaled[0].firings;
  ASSERT_EQ(firings.size(), 1U);
  EXPECT_NEAR(to_seconds(firings[0].from), 63.44, 1e-4);
  EXPECT_FALSE(firings[0].to);
}

TEST(BurnRate, ScaledWindowsThatComeOutTheSameAreLeftOut) {
  // 5 s of 6 h are 1 in 4320: 1 h is 0.83 s and 5 min 0.07 s, both at least a second. 30 min are
  // 0.42 s, so a second, of 5 s: two windows. In 7 s the hour is 1.17 s.
  const BurnResult burn = judge_burn(series_of(5, 1, 2, 3), 0.99, 5s);
  ASSERT_EQ(burn.left_out.size(), 1U);
  EXPECT_EQ(burn.left_out[0].long_window, 1h);
  ASSERT_EQ(burn.scaled.size(), 3U);
  EXPECT_EQ(burn.scaled[0].rule.long_window, 5s);
  EXPECT_EQ(burn.scaled[0].rule.short_window, 1s);
  EXPECT_TRUE(judge_burn(series_of(7, 1, 2, 3), 0.99, 7s).left_out.empty());
}

TEST(BurnRate, IsJudgedForEachObjectiveOfARun) {
  // 10 s: 6 h becomes 10 s and the hour 1.67 s. All bad in second 5, goal 95 %: 14.4 × 5 % = 72 %
  // of 1.67 s are 1.2 s, more than there were: no page at 14.4. At 6: 30 % of 10 s are 3 s, no.
  // Seconds 5 and 6 bad: from 6.2 s on, when the last second is all bad, too; each is known 1 ms
  // after it was due, which is 10 ms to the next hundredth: 6.21 s.
  SampleRun run;
  for (std::int64_t second = 0; second < 10; ++second) {
    if (second == 5 || second == 6) {
      run.fails(second, 100, ErrorClass::kReset, 1ms);
    } else {
      run.answers(second, 100, 5ms);
    }
  }
  run.wants_status_below("available", 500, 0.95);
  const RunResult result = judge(run.record());
  const BurnResult& burn = result.objectives[0].burn;
  ASSERT_EQ(burn.scaled[0].firings.size(), 1U);
  EXPECT_NEAR(to_seconds(burn.scaled[0].firings[0].from), 6.21, 1e-4);
  EXPECT_TRUE(burn.alerts[0].firings.empty());
}

}  // namespace
}  // namespace squall::reports
