#include "harness/agent/fault_timeline.h"

#include <gmock/gmock.h>

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using Kind = FaultStep::Kind;

scenarios::PlannedFault fault(Duration from, std::optional<Duration> to) {
  return {.name = "f", .label = "f", .from = from, .to = to, .what = {}};
}

std::vector<FaultStep> all_steps(FaultTimeline timeline) {
  std::vector<FaultStep> steps;
  while (auto step = timeline.pop(Duration::max())) steps.push_back(*step);
  return steps;
}

TEST(FaultTimeline, AppliesAndUndoesEachFaultInTheOrderOfTime) {
  const FaultTimeline timeline({fault(2s, 5s), fault(1s, 3s)});
  EXPECT_THAT(all_steps(timeline),
              testing::ElementsAre(FaultStep{1s, Kind::kApply, 1}, FaultStep{2s, Kind::kApply, 0},
                                   FaultStep{3s, Kind::kUndo, 1}, FaultStep{5s, Kind::kUndo, 0}));
}

TEST(FaultTimeline, UndoesBeforeItAppliesAtOneMoment) {
  const FaultTimeline timeline({fault(4s, 6s), fault(2s, 4s)});
  EXPECT_THAT(all_steps(timeline),
              testing::ElementsAre(FaultStep{2s, Kind::kApply, 1}, FaultStep{4s, Kind::kUndo, 1},
                                   FaultStep{4s, Kind::kApply, 0}, FaultStep{6s, Kind::kUndo, 0}));
}

TEST(FaultTimeline, HasNothingToUndoForAFaultWithoutALength) {
  const FaultTimeline timeline({fault(1s, std::nullopt)});
  EXPECT_THAT(all_steps(timeline), testing::ElementsAre(FaultStep{1s, Kind::kApply, 0}));
}

TEST(FaultTimeline, GivesNoStepBeforeItIsDue) {
  FaultTimeline timeline({fault(1s, 2s)});
  EXPECT_EQ(timeline.pop(999ms), std::nullopt);
  EXPECT_EQ(timeline.pop(1s), (FaultStep{1s, Kind::kApply, 0}));
  EXPECT_EQ(timeline.pop(1s), std::nullopt);
  EXPECT_EQ(timeline.next(), (FaultStep{2s, Kind::kUndo, 0}));
}

TEST(FaultTimeline, LeavesOutWhatIsStillToComeOfAFaultThatWasDropped) {
  FaultTimeline timeline({fault(1s, 4s), fault(2s, 5s), fault(3s, 6s)});
  EXPECT_EQ(timeline.pop(2s), (FaultStep{1s, Kind::kApply, 0}));
  timeline.drop(0);
  timeline.drop(2);
  EXPECT_THAT(all_steps(timeline),
              testing::ElementsAre(FaultStep{2s, Kind::kApply, 1}, FaultStep{5s, Kind::kUndo, 1}));
}

TEST(FaultTimeline, IsEmptyWithoutFaults) { EXPECT_EQ(FaultTimeline({}).next(), std::nullopt); }

}  // namespace
}  // namespace squall::agent
