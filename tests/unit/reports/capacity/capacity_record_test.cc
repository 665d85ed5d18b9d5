#include "reports/capacity/capacity_record.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using Answer = CapacityProbe::Answer;
using Past = CapacityRecord::Past;

CapacityProbe probe(double rate, Answer answer, double goodput) {
  CapacityProbe one;
  one.rate = Rate{rate};
  one.answer = answer;
  one.measured = 0;
  one.to = 5;
  one.mean = 10ms;
  one.goodput = Rate{goodput};
  return one;
}

/// What is said of a target that holds 1000/s and was last seen bad at `rate`.
Past past_of(double rate, double goodput) {
  CapacityRecord record;
  record.good = Rate{1000};
  record.probes = {probe(1000, Answer::kGood, 1000), probe(rate, Answer::kBad, goodput)};
  describe_curve(record);
  return record.past;
}

TEST(CapacityCurve, PastTheCapacityIsToldByHowMuchGoodputIsKeptThere) {
  EXPECT_EQ(past_of(1500, 950), Past::kGraceful);
  EXPECT_EQ(past_of(1500, 700), Past::kDegrades);
  EXPECT_EQ(past_of(1500, 300), Past::kCollapses);
}

TEST(CapacityCurve, WhoDidNotLookFarKnowsOnlyOfACollapse) {
  EXPECT_EQ(past_of(1100, 950), Past::kUnknown);
  EXPECT_EQ(past_of(1100, 700), Past::kUnknown);
  EXPECT_EQ(past_of(1100, 300), Past::kCollapses);
}

}  // namespace
}  // namespace squall::reports
