#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/judge/run_result.h"

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::StartsWith;

/// A run of which everything can be said that there is to say, each louder than the one before.
SampleRun run_that_is(Verdict loudest) {
  SampleRun run = good_run();
  if (loudest >= Verdict::kFail) run.wants_within("fast", 1ms, 0.99);
  if (loudest >= Verdict::kAborted) run.ends_early(EarlyEnd::Cause::kSignal, "interrupted", 8s);
  if (loudest >= Verdict::kInvalid) {
    SecondCell late;
    late.of(Metric::kLateness).record(2s);
    run.is_measured(1, late);
  }
  if (loudest >= Verdict::kIneffective) {
    run.is_stopped("weak", 1s, 2s).fault_is(FaultRecord::State::kIneffective);
  }
  if (loudest >= Verdict::kError) run.record().errors.emplace_back("web.1 did not become ready");
  if (loudest >= Verdict::kResidue) {
    run.is_stopped("stuck", 3s, 4s).fault_is(FaultRecord::State::kResidue, "no such process");
  }
  return run;
}

constexpr std::array kVerdicts = {Verdict::kPass,    Verdict::kFail,        Verdict::kAborted,
                                  Verdict::kInvalid, Verdict::kIneffective, Verdict::kError,
                                  Verdict::kResidue};

TEST(Judge, TheLoudestIsTheVerdictAndItsReasonComesFirst) {
  for (const Verdict verdict : kVerdicts) {
    const RunResult result = judge(run_that_is(verdict).record());
    EXPECT_EQ(result.verdict, verdict) << to_string(result.verdict);
    EXPECT_EQ(result.reasons.size(), std::max<std::size_t>(static_cast<std::size_t>(verdict), 1));
  }
  EXPECT_THAT(
      judge(run_that_is(Verdict::kResidue).record()).reasons,
      ElementsAre(
          "stuck could not be undone: no such process", "web.1 did not become ready",
          "weak did not happen as asked: asked SIGSTOP to 1 of service web, seen web.1 "
          "(pid 4711) stopped",
          StartsWith("browse: the generator stood still"),
          "ended early, 8 s into the load: interrupted",
          "fast: 0 % within 1 ms, goal 99 %: 1,000 of 1,000 requests were bad, 10 allowed"));
}

TEST(Judge, ExitCodesAreThoseOfTheContract) {
  std::vector<int> codes;
  for (const Verdict verdict : kVerdicts) codes.push_back(exit_code(verdict));
  EXPECT_THAT(codes, ElementsAre(0, 1, 3, 4, 5, 7, 6));
}

TEST(Judge, APassSaysHowManyObjectivesWereMet) {
  SampleRun run = good_run();
  EXPECT_THAT(judge(run.record()).reasons,
              ElementsAre("no objectives; 1,000 of 1,000 requests ok"));
  run.wants_within("fast", 250ms, 0.99);
  EXPECT_THAT(judge(run.record()).reasons, ElementsAre("the only objective, fast, was met"));
  run.wants_status_below("available", 500, 0.99);
  EXPECT_THAT(judge(run.record()).reasons, ElementsAre("both objectives met"));
  run.wants_within("slow", 1s, 0.99);
  EXPECT_THAT(judge(run.record()).reasons, ElementsAre("all 3 objectives met"));
}

TEST(Judge, NothingBehindThePortIsAFailureWithItsReason) {
  SampleRun run;
  for (std::int64_t second = 0; second < 10; ++second) {
    run.fails(second, 99, ErrorClass::kConnect, 1ms).leaves_unsent(second, 1);
  }
  const RunResult result = judge(run.record());
  EXPECT_EQ(result.verdict, Verdict::kFail);
  EXPECT_THAT(result.reasons,
              ElementsAre("browse: none of 1,000 requests was ok: 990 connect errors, 10 unsent"));
}

TEST(Judge, NoOkRequestAtAllNeverPasses) {
  // The objective wants every answer below 600, and gets it; still nothing was ok.
  SampleRun run;
  run.fails(0, 10, ErrorClass::kUnexpected, 1ms, 503).wants_status_below("answers", 600, 0.99);
  const RunResult result = judge(run.record());
  EXPECT_EQ(result.verdict, Verdict::kFail);
  EXPECT_THAT(result.reasons, ElementsAre("no request was ok"));
  EXPECT_EQ(judge(SampleRun().record()).verdict, Verdict::kFail);
}

TEST(Judge, ALoadWithoutOneOkRequestFailsTheRunUnlessItsObjectivesWantThat) {
  SampleRun run = good_run();
  run.has_open_load("refused", 10).fails(0, 1, ErrorClass::kUnexpected, 1ms, 403, "refused");
  EXPECT_THAT(judge(run.record()).reasons,
              ElementsAre("refused: the only request was not ok: 1 unexpected error"));
  run.wants_status_below("answers", 500, 0.99);
  run.record().scenario.objectives.back().load = "refused";
  EXPECT_EQ(judge(run.record()).verdict, Verdict::kPass);
}

TEST(Judge, ALoadThatNeverBeganFailsTheRun) {
  SampleRun run = good_run();
  run.has_open_load("forgotten", 10);
  EXPECT_THAT(judge(run.record()).reasons, ElementsAre("forgotten: no request fell due"));
  run.ends_early(EarlyEnd::Cause::kSignal, "interrupted", 8s);
  EXPECT_THAT(judge(run.record()).reasons,
              ElementsAre("ended early, 8 s into the load: interrupted"));
}

TEST(Judge, AnErrorEndsARunAsAnErrorAndAGuardAborts) {
  SampleRun run = good_run();
  run.ends_early(EarlyEnd::Cause::kGuard, "guard budget-gone: burn rate 20", 2500ms);
  EXPECT_EQ(judge(run.record()).verdict, Verdict::kAborted);
  run.ends_early(EarlyEnd::Cause::kError, "agent-1 does not answer", -1s);
  EXPECT_EQ(judge(run.record()).verdict, Verdict::kError);
  EXPECT_THAT(judge(run.record()).reasons,
              ElementsAre("ended before the load began: agent-1 does not answer"));
  run.record().errors = {"agent-1 does not answer"};
  EXPECT_THAT(judge(run.record()).reasons,
              ElementsAre("agent-1 does not answer", "ended before the load began"))
      << "the reason is said once";
}

TEST(Judge, ALostAgentIsAnErrorUnlessTheScenarioGoesOnWithoutIt) {
  SampleRun run = good_run();
  run.record().agents.front().state = "lost";
  EXPECT_EQ(judge(run.record()).verdict, Verdict::kError);
  run.record().scenario.agent_lost = scenarios::AgentLost::kContinue;
  EXPECT_EQ(judge(run.record()).verdict, Verdict::kPass);
  EXPECT_THAT(judge(run.record()).reasons,
              ElementsAre("no objectives; 1,000 of 1,000 requests ok",
                          "agent-1 was lost: its later figures are missing"));
}

TEST(Judge, ATimelineThatMayBeBesideTheOthersIsInvalid) {
  SampleRun run = good_run();
  AgentRecord& agent = run.record().agents.front();
  agent.clock_offset_ms = 1e9;  // Its wall clock: nothing is reckoned with it.
  agent.clock_error_ms = 60;
  agent.clock_drift_ms = -40;
  EXPECT_EQ(judge(run.record()).verdict, Verdict::kPass);
  agent.clock_drift_ms = -41;
  EXPECT_EQ(judge(run.record()).verdict, Verdict::kInvalid);
  EXPECT_THAT(judge(run.record()).reasons,
              Contains("agent-1: its timeline may be 101 ms beside the others', limit 100 ms"));
}

TEST(Judge, EveryFaultThatWentWrongHasItsVerdict) {
  using State = FaultRecord::State;
  const auto verdict_of = [](State state) {
    SampleRun run = good_run();
    run.is_stopped("pause", 3s, 5s).fault_is(state, "why");
    return judge(run.record()).verdict;
  };
  EXPECT_EQ(verdict_of(State::kUndone), Verdict::kPass);
  EXPECT_EQ(verdict_of(State::kDone), Verdict::kPass);
  EXPECT_EQ(verdict_of(State::kFailed), Verdict::kError);
  EXPECT_EQ(verdict_of(State::kPlanned), Verdict::kError);
  EXPECT_EQ(verdict_of(State::kIneffective), Verdict::kIneffective);
  EXPECT_EQ(verdict_of(State::kResidue), Verdict::kResidue);
  EXPECT_EQ(verdict_of(State::kInForce), Verdict::kResidue);
}

TEST(Judge, APlannedFaultOfWhichNobodyToldIsAnErrorUnlessTheRunEndedBefore) {
  SampleRun run = good_run();
  run.is_stopped("pause", 9s, 10s).record().faults.clear();
  EXPECT_THAT(judge(run.record()).reasons, ElementsAre("pause was never applied"));
  EXPECT_EQ(judge(run.record()).faults.front().planned_from, 9s);
  run.ends_early(EarlyEnd::Cause::kSignal, "interrupted", 5s);
  EXPECT_EQ(judge(run.record()).verdict, Verdict::kAborted);
}

TEST(Judge, ALoadOfWhichNothingWasOkPassesOnlyWithAWarning) {
  // Its objective wants 404s, and gets them.
  SampleRun run;
  run.fails(0, 10, ErrorClass::kUnexpected, 1ms, 404).wants_status_below("answers", 500, 0.9);
  run.answers(0, 1, 1ms, 200, "other").has_open_load("other", 1);
  const RunResult result = judge(run.record());
  EXPECT_EQ(result.verdict, Verdict::kPass);
  ASSERT_EQ(result.warnings.size(), 1U);
  EXPECT_THAT(result.warnings[0], testing::HasSubstr("browse: none of its requests was ok"));
}

TEST(Judge, ATargetOfNoLoadIsAWarning) {
  SampleRun run = good_run();
  run.record().scenario.targets.emplace_back().name = "spare";
  EXPECT_THAT(judge(run.record()).warnings,
              testing::ElementsAre("target spare is used by no load"));
}

TEST(Judge, WhatAgentsWarnedOfIsAWarningOfTheResultOnce) {
  SampleRun run = good_run();
  run.record().events = {{2s, "agent-2", "warning", "", "the rows of users are used up"},
                         {1s, "agent-1", "warning", "", "the rows of users are used up"},
                         {1s, "agent-1", "note", "web.1", "is slow"}};
  const RunResult result = judge(run.record());
  EXPECT_THAT(result.warnings, testing::ElementsAre("the rows of users are used up"));
  EXPECT_EQ(result.verdict, Verdict::kPass);
}

TEST(Judge, AFaultsShareOfABudgetIsWhatWasBadWhileItWasInForce) {
  // 1000 due; 99 % within 250 ms allows ten bad ones. Seconds 3 and 4 (the fault is in force
  // from 3.003 to 5.003 s) have four of the five bad ones: 0.4 of the budget. The other fault's
  // have none.
  SampleRun run;
  for (std::int64_t second = 0; second < 10; ++second) {
    const std::uint64_t slow = second == 3 || second == 4 ? 2 : second == 6 ? 1 : 0;
    run.answers(second, 100 - slow, 5ms).answers(second, slow, 900ms);
  }
  run.is_stopped("pause", 3s, 5s).is_stopped("again", 8s, 9s).wants_within("fast", 250ms, 0.99);
  const RunResult result = judge(run.record());
  EXPECT_DOUBLE_EQ(result.faults[0].budget_spent.at("fast"), 0.4);
  EXPECT_DOUBLE_EQ(result.faults[1].budget_spent.at("fast"), 0);
  EXPECT_DOUBLE_EQ(result.objectives[0].budget_share, 0.5);
  EXPECT_EQ(result.verdict, Verdict::kPass);
}

TEST(Judge, TellsTheRunsNameItsAgentsAndItsEventsInOrder) {
  SampleRun run = good_run();
  run.has_cpu(0.6).answers(0, 1, 1ms);
  run.record().events = {{2s, "agent-1", "note", "b", ""}, {-1s, "", "agent.joined", "a", ""}};
  const RunResult result = judge(run.record());
  EXPECT_EQ(result.run, "20261120T120000Z-7");
  EXPECT_EQ(result.scenario, "sample");
  EXPECT_EQ(result.duration, 10'020ms);
  ASSERT_EQ(result.agents.size(), 1U);
  EXPECT_DOUBLE_EQ(result.agents[0].cpu_peak, 0.6);
  ASSERT_EQ(result.events.size(), 2U);
  EXPECT_EQ(result.events[0].subject, "a");
}

TEST(Judge, WhatALostAgentHadInForceIsResidueAndSaysWhatIsNotKnown) {
  SampleRun run = good_run();
  run.is_stopped("cut", 3s, 5s)
      .fault_is(FaultRecord::State::kInForce, "whether it was undone is not known: lon-1 was lost");
  const RunResult result = judge(run.record());
  EXPECT_EQ(result.verdict, Verdict::kResidue);
  EXPECT_EQ(result.reasons.front(), "cut: whether it was undone is not known: lon-1 was lost");
}

}  // namespace
}  // namespace squall::reports
