#include "scenarios/plan/notes.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Plan with_load_until(Duration end) {
  Plan plan;
  plan.loads.push_back({.name = "short", .target = "edge", .from = {}, .to = 2s});
  plan.loads.push_back({.name = "long", .target = "edge", .from = {}, .to = end});
  return plan;
}

PlannedFault fault(Duration from, std::optional<Duration> to, const std::string& label = "f") {
  return {.name = "f", .label = label, .from = from, .to = to, .what = "slow"};
}

TEST(Notes, TellOfAFaultThatOutlastsTheLastLoad) {
  Plan plan = with_load_until(4s);
  plan.faults = {fault(1s, 10s)};
  EXPECT_THAT(
      notes_on(plan),
      ElementsAre("fault f is in force until 10 s, and the load ends at 4 s: the run goes on "
                  "until then, and nothing meets it"));
}

TEST(Notes, TellOfAFaultThatComesWhenThereIsNoLoadAnyMoreAndOnlyOnce) {
  Plan plan = with_load_until(4s);
  plan.faults = {fault(1s, 2s), fault(5s, {}, "f#2"), fault(6s, {}, "f#3")};
  EXPECT_THAT(notes_on(plan),
              ElementsAre("fault f#2 comes at 5 s, and the load ends at 4 s: the run goes on until "
                          "then, and nothing meets it"));
}

TEST(Notes, AreNoneOfFaultsThatEndWithTheLoadNorOfThoseWithoutAny) {
  Plan plan = with_load_until(4s);
  plan.faults = {fault(1s, 4s), fault(3s, {})};
  EXPECT_THAT(notes_on(plan), IsEmpty());
  plan.loads.clear();
  EXPECT_THAT(notes_on(plan), IsEmpty());
}

}  // namespace
}  // namespace squall::scenarios
