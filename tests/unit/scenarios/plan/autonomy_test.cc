#include "scenarios/plan/autonomy.h"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace squall::scenarios {
namespace {

using namespace std::chrono_literals;

Plan plan_with(std::vector<PlannedFault> faults) {
  Plan plan;
  plan.faults = std::move(faults);
  return plan;
}

PlannedFault fault(Duration from, Duration to, bool autonomous = true, std::size_t row = 0) {
  PlannedFault one;
  one.from = from;
  one.to = to;
  one.autonomous = autonomous;
  one.row = row;
  return one;
}

TEST(Autonomy, WithoutSuchAFaultSilenceIsBornForItsPatience) {
  EXPECT_EQ(may_be_silent_until(plan_with({}), 7s, 5s), 12s);
  EXPECT_EQ(may_be_silent_until(plan_with({fault(8s, 30s, false)}), 7s, 5s), 12s);
}

TEST(Autonomy, WhileOneIsInForcePatienceBeginsAtItsEnd) {
  const Plan plan = plan_with({fault(10s, 30s)});
  EXPECT_EQ(may_be_silent_until(plan, 9s, 5s), 35s) << "it began before the patience was over";
  EXPECT_EQ(may_be_silent_until(plan, 20s, 5s), 35s);
  EXPECT_EQ(may_be_silent_until(plan, 4s, 5s), 9s) << "it had not begun when the patience was over";
  EXPECT_EQ(may_be_silent_until(plan, 31s, 5s), 36s) << "it is over";
}

TEST(Autonomy, OneLeadsOnToTheNext) {
  const Plan plan = plan_with({fault(10s, 20s), fault(23s, 30s), fault(40s, 50s)});
  EXPECT_EQ(may_be_silent_until(plan, 12s, 5s), 35s);
}

TEST(Autonomy, ARowOfTheMatrixMayBeginEarlierThanPlanned) {
  EXPECT_EQ(may_be_silent_until(plan_with({fault(60s, 90s, true, 1)}), 12s, 5s), 95s);
}

}  // namespace
}  // namespace squall::scenarios
