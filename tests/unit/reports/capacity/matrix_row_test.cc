#include "reports/capacity/matrix_row.h"

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using End = CapacityRecord::End;

CapacityRecord found(double good, double bad) {
  CapacityRecord record;
  record.end = End::kFound;
  record.good = Rate{good};
  record.bad = Rate{bad};
  return record;
}

TEST(ShareOf, IsThatOfTheConfirmedRatesAndReachesFromTheWorstToTheBestThatTheEndsAllow) {
  // 600/1000; at least 600/1200, as the whole may hold nearly 1200; at most 700/1000.
  const CapacityShare share = share_of(found(600, 700), found(1000, 1200));
  EXPECT_DOUBLE_EQ(share.value.value(), 0.6);
  EXPECT_DOUBLE_EQ(share.low.value(), 0.5);
  EXPECT_DOUBLE_EQ(share.high.value(), 0.7);
}

TEST(ShareOf, HasNoValueButAnUpperEndWhereNotEvenTheLowestRateHolds) {
  CapacityRecord none;
  none.end = End::kNoneHolds;
  none.bad = Rate{50};
  const CapacityShare share = share_of(none, found(1000, 1200));
  EXPECT_FALSE(share.value);
  EXPECT_FALSE(share.low);
  EXPECT_DOUBLE_EQ(share.high.value(), 0.05);
}

TEST(ShareOf, HasNoValueWhereEitherSearchWasCutShort) {
  CapacityRecord cut = found(600, 700);
  cut.end = End::kCut;
  EXPECT_FALSE(share_of(cut, found(1000, 1200)).value);
  EXPECT_FALSE(share_of(found(600, 700), cut).value);
  cut.bad.reset();
  EXPECT_FALSE(share_of(cut, found(1000, 1200)).high);
  EXPECT_DOUBLE_EQ(share_of(cut, found(1000, 1200)).low.value(), 0.5);
}

TEST(CalmMean, IsThatOfTheCalmestProbeThatWasGood) {
  CapacityRecord record;
  EXPECT_FALSE(calm_mean(record));
  for (const auto& [answer, mean] :
       {std::pair{CapacityProbe::Answer::kBad, 1}, std::pair{CapacityProbe::Answer::kGood, 30},
        std::pair{CapacityProbe::Answer::kGood, 20}}) {
    CapacityProbe& probe = record.probes.emplace_back();
    probe.answer = answer;
    probe.mean = std::chrono::milliseconds(mean);
  }
  EXPECT_DOUBLE_EQ(calm_mean(record).value(), 0.020);
}

}  // namespace
}  // namespace squall::reports
