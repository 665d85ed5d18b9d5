#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/plan/plan.h"

namespace squall::scenarios {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

PlannedFault lasting(const std::string& label, Duration from, Duration to) {
  return {label, label, from, to, ""};
}

PlannedFault momentary(const std::string& label, Duration at) {
  return {label, label, at, std::nullopt, ""};
}

/// "0-20 before A".
std::vector<std::string> phases_of(const std::vector<PlannedFault>& faults, Duration length) {
  std::vector<std::string> list;
  for (const Phase& phase : phases_between(faults, length)) {
    list.push_back(std::to_string(phase.from / seconds(1)) + "-" +
                   std::to_string(phase.to / seconds(1)) + " " + phase.name);
  }
  return list;
}

TEST(Phases, AreOneWhenNothingChanges) {
  EXPECT_THAT(phases_of({}, milliseconds(9500)), ElementsAre("0-10 whole"));
}

TEST(Phases, StandBeforeDuringAndAfterAFault) {
  EXPECT_THAT(phases_of({lasting("A", seconds(20), seconds(40))}, seconds(60)),
              ElementsAre("0-20 before A", "20-40 during A", "40-60 after A"));
}

TEST(Phases, GiveEachSecondThatAFaultTouchesToTheFault) {
  EXPECT_THAT(phases_of({lasting("A", milliseconds(1999), milliseconds(3001))}, seconds(5)),
              ElementsAre("0-1 before A", "1-4 during A", "4-5 after A"));
}

TEST(Phases, TakeAFaultWithoutALengthForOneSecond) {
  EXPECT_THAT(phases_of({momentary("K", milliseconds(2500))}, seconds(5)),
              ElementsAre("0-2 before K", "2-3 during K", "3-5 after K"));
}

TEST(Phases, NameFaultsThatOverlapTogether) {
  EXPECT_THAT(
      phases_of({lasting("A", seconds(1), seconds(4)), lasting("B", seconds(3), seconds(6))},
                seconds(8)),
      ElementsAre("0-1 before A", "1-3 during A", "3-4 during A and B", "4-6 during B",
                  "6-8 after B"));
}

TEST(Phases, NameTheStretchBetweenTwoFaults) {
  EXPECT_THAT(
      phases_of({lasting("A", seconds(1), seconds(2)), lasting("B", seconds(3), seconds(4))},
                seconds(4)),
      ElementsAre("0-1 before A", "1-2 during A", "2-3 between A and B", "3-4 during B"));
}

TEST(Phases, HaveNamesOfTheirOwnWhenALongFaultHoldsAShortOne) {
  EXPECT_THAT(
      phases_of({lasting("A", seconds(0), seconds(9)), lasting("B", seconds(3), seconds(4))},
                seconds(9)),
      ElementsAre("0-3 during A", "3-4 during A and B", "4-9 during A (2)"));
}

TEST(Phases, EndWithThePlanThoughAFaultGoesOn) {
  EXPECT_THAT(phases_of({lasting("A", seconds(2), seconds(90))}, seconds(4)),
              ElementsAre("0-2 before A", "2-4 during A"));
  EXPECT_THAT(phases_of({momentary("A", seconds(90))}, seconds(4)), ElementsAre("0-4 whole"));
}

}  // namespace
}  // namespace squall::scenarios
