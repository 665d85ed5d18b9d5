#include "reports/text/progress.h"

#include <chrono>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/text/layout.h"

#include "tests/support/golden.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

Progress amid_a_fault() {
  Progress progress;
  progress.elapsed = 24s + 400ms;
  progress.length = 60s;
  LoadProgress browse;
  browse.name = "browse";
  browse.due = {1000};
  browse.completed = {812.4};
  browse.has_latency = true;
  browse.p50 = 5ms;
  browse.p99 = 1200ms;
  browse.errors = {12.5};
  LoadProgress players = browse;
  players.name = "players";
  players.open = false;
  players.completed = {25};
  players.errors = {0};
  progress.loads = {browse, players};
  progress.faults = {{"pause", 20s, 30s, true}, {"kill-one", 50s, 50s, false}};
  progress.objectives = {{"available", ObjectiveResult::Answer::kMissed, 3.4, 12.5},
                         {"fast", ObjectiveResult::Answer::kMet, 0.125, 0},
                         {"tail", ObjectiveResult::Answer::kTooFew, 0, 0}};
  progress.backlog = 1234;
  return progress;
}

TEST(ProgressLine, TellsAllOnOneLine) {
  EXPECT_EQ(progress_line(amid_a_fault(), {}),
            "24 s of 60 s: browse 812.4/s of 1,000/s, p50 5.00 ms, p99 1.20 s, 12.5 errors/s; "
            "players 25/s, p50 5.00 ms, p99 1.20 s, 0 errors/s; "
            "available missed so far, 340 % of its budget spent, burning at 12.5; "
            "fast met so far, 12.5 % of its budget spent; "
            "tail too few samples yet, 0 % of its budget spent; backlog 1,234; in force: pause");
}

TEST(ProgressLine, SaysThatTheGeneratorIsTheBottleneck) {
  Progress progress;
  progress.length = std::chrono::seconds(60);
  progress.bottleneck = "the generator is the bottleneck: browse waits 45 ms because of it";
  EXPECT_EQ(progress_line(progress, {}), "0 s of 60 s: " + progress.bottleneck);
  EXPECT_NE(progress_block(progress, {}).find("\n  " + progress.bottleneck + "\n"),
            std::string::npos);
}

TEST(ProgressLine, TellsWhatComesBeforeAndAfterTheLoad) {
  Progress progress;
  progress.length = 60s;
  progress.elapsed = -1s;
  EXPECT_EQ(progress_line(progress, {}), "starting");
  progress.elapsed = 60s;
  EXPECT_EQ(progress_line(progress, {}), "draining, 60 s");
}

TEST(ProgressLine, HasNoLatencyWhileNothingHasEnded) {
  Progress progress = amid_a_fault();
  progress.loads[0].has_latency = false;
  EXPECT_THAT(progress_line(progress, {}), HasSubstr("browse 812.4/s of 1,000/s, p50 -, p99 -,"));
}

TEST(ProgressBlock, IsThatOfTheGoldenFiles) {
  expect_golden("progress.txt", progress_block(amid_a_fault(), {}));
  expect_golden("progress-ascii.txt",
                progress_block(amid_a_fault(), {.columns = 80, .color = false, .unicode = false}));
}

TEST(ProgressBlock, MarksFaultsInTheBarAndWhatIsPast) {
  // 60 cells for 60 s: 24 are past, of which 20 to 23 in the fault; 24 to 29 of it are to come, and
  // the moment at 50 s takes one.
  EXPECT_THAT(
      progress_block(amid_a_fault(), {.columns = 100, .color = false, .unicode = false}),
      StartsWith("24 s of 60 s  ====================####!!!!!!....................!........."
                 "  36 s left\n"));
}

TEST(ProgressBlock, IsNeverWiderThanTheTerminal) {
  for (std::size_t columns = 12; columns < 120; columns += 3) {
    std::istringstream lines(
        progress_block(amid_a_fault(), {.columns = columns, .color = false, .unicode = true}));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), columns) << line;
  }
}

TEST(ProgressBlock, OfAPlanWithoutLengthIsStillOne) {
  EXPECT_THAT(progress_block(Progress(), {}), StartsWith("draining, 0 s"));
}

}  // namespace
}  // namespace squall::reports
