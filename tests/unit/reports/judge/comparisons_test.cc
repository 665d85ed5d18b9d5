#include "reports/judge/comparisons.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

/// Twenty seconds in which `load` is answered 200 times a second: 190 in `body`, 10 in ten times
/// that.
void answer(SampleRun& run, Duration body, const std::string& load) {
  for (std::int64_t second = 0; second < 20; ++second) {
    run.answers(second, 190, body, 200, load).answers(second, 10, 10 * body, 200, load);
  }
}

RunRecord record_of(Duration body) {
  SampleRun run;
  answer(run, body, "browse");
  RunRecord record = run.record();
  record.plan.length = 20s;
  std::get<generators::OpenSpec>(record.scenario.loads[0].schedule).stages[0].length = 20s;
  record.plan.loads[0].to = 20s;
  record.plan.phases = scenarios::phases_between({}, 20s);
  return record;
}

RunRecord split_record(Duration control, Duration canary) {
  SampleRun run;
  run.has_open_load("browse-canary", 100);
  answer(run, control, "browse");
  answer(run, canary, "browse-canary");
  RunRecord record = run.record();
  record.plan.length = 20s;
  record.plan.phases = scenarios::phases_between({}, 20s);
  for (std::size_t i = 0; i < 2; ++i) {
    std::get<generators::OpenSpec>(record.scenario.loads[i].schedule).stages[0].length = 20s;
    record.plan.loads[i].to = 20s;
    record.scenario.loads[i].split =
        generators::SplitSpec{.of = "browse", .share = 0.5, .is_canary = i == 1};
  }
  return record;
}

TEST(ComparedRunOf, HoldsTheSecondsOfTheLoadAndTheObjectives) {
  RunRecord record = record_of(10ms);
  scenarios::ObjectiveSpec fast;
  fast.name = "fast";
  fast.load = "browse";
  fast.within = 50ms;
  fast.goal = {0.9};
  record.scenario.objectives.push_back(fast);
  const ComparedRun run = compared_run(judge(record), "text");
  ASSERT_EQ(run.loads.size(), 1U);
  ASSERT_EQ(run.loads[0].seconds.size(), 20U);
  EXPECT_EQ(run.loads[0].seconds[19].due, 200U);
  EXPECT_EQ(run.loads[0].seconds[19].response.count(), 200U);
  ASSERT_EQ(run.objectives.size(), 1U);
  // 10 of 200 in each second take 100 ms.
  EXPECT_DOUBLE_EQ(run.objectives[0].samples[7], 200);
  EXPECT_DOUBLE_EQ(run.objectives[0].bad[7], 10);
  EXPECT_EQ(run.verdict, "pass");
}

TEST(TakeBaseline, FailsARunThatIsWorse) {
  const ComparedRun before = compared_run(judge(record_of(10ms)), "text");
  RunResult result = judge(record_of(12ms));
  ASSERT_EQ(result.verdict, Verdict::kPass);
  take_baseline(compare(before, compared_run(result, "text"), {}), result);
  EXPECT_EQ(result.verdict, Verdict::kFail);
  EXPECT_THAT(result.reasons,
              Contains(HasSubstr("worse than the baseline: browse: p50 rose by 20.0 %")));
  ASSERT_TRUE(result.comparison);
}

TEST(TakeBaseline, LetsPassWhatIsTheSame) {
  const ComparedRun before = compared_run(judge(record_of(10ms)), "text");
  RunResult result = judge(record_of(10ms));
  const auto reasons = result.reasons;
  take_baseline(compare(before, compared_run(result, "text"), {}), result);
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_EQ(result.reasons, reasons);
}

TEST(TakeBaseline, DoesNotTrustWhatCannotBeCompared) {
  const ComparedRun before = compared_run(judge(record_of(10ms)), "another text");
  RunResult result = judge(record_of(10ms));
  take_baseline(compare(before, compared_run(result, "text"), {}), result);
  EXPECT_EQ(result.verdict, Verdict::kInvalid);
  EXPECT_THAT(
      result.reasons,
      ElementsAre("not comparable with the baseline: the text of scenario sample is another"));
}

TEST(JudgeCanaries, FailARunWhoseCanaryIsSlower) {
  const RunResult result = judge(split_record(10ms, 13ms));
  EXPECT_EQ(result.verdict, Verdict::kFail);
  EXPECT_THAT(result.reasons, Contains(HasSubstr("worse than the control browse: browse: p99")));
  ASSERT_EQ(result.canaries.size(), 1U);
  EXPECT_EQ(result.canaries[0].canary, "browse-canary");
}

TEST(JudgeCanaries, LetPassOneThatIsAsGood) {
  const RunResult result = judge(split_record(10ms, 10ms));
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_EQ(result.canaries.at(0).comparison.verdict, ComparisonVerdict::kSame);
}

}  // namespace
}  // namespace squall::reports
