#include "reports/judge/absence_result.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/judge/run_result.h"

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Outcome = AbsenceResult::Outcome;
using Way = scenarios::AbsenceTiming::Way;

const scenarios::Absence kWeb{
    .name = "web.1", .kind = scenarios::Absence::Kind::kInstance, .members = {"web.1"}};
const scenarios::AbsenceTiming kFrozen{.way = Way::kFreeze, .from = 10s, .length = 16s};

/// 100/s for 40 s, all ok in 5 ms but where it is said otherwise; away from 10.003 s to 26.003 s,
/// which is 16 seconds, with 1600 requests.
class Absent : public testing::Test {
 protected:
  Absent() {
    RunRecord& record = run_.record();
    record.plan.length = 40s;
    record.duration = 40'020ms;
    record.plan.loads[0].to = 40s;
    std::get<generators::OpenSpec>(record.scenario.loads[0].schedule).stages[0].length = 40s;
    run_.wants_status_below("available", 500, 0.99);
  }

  AbsenceResult judged(std::int64_t from, std::int64_t to, std::uint64_t times,
                       const scenarios::AbsenceTiming& timing = kFrozen) {
    for (std::int64_t second = 0; second < 40; ++second) {
      const std::uint64_t failing = second >= from && second < to ? times : 0;
      run_.answers(second, 100 - failing, 5ms);
      if (failing > 0) run_.fails(second, failing, ErrorClass::kTimeout, 2s);
    }
    return judge_absence(kWeb, timing, run_.record(), judge(run_.record()));
  }

  SampleRun run_;
};

TEST_F(Absent, IsASinglePointWhereAnObjectiveIsMissedWithoutIt) {
  // Half of 16 seconds: 800 of 1600 bad, 16 allowed: fifty times the budget of that time. When it
  // came back one second more was bad: 27 is the first good one.
  run_.is_stopped("away", 10s, 26s);
  const AbsenceResult result = judged(10, 27, 50);
  EXPECT_EQ(result.outcome, Outcome::kSinglePoint);
  EXPECT_EQ(result.from, Duration(10s));
  EXPECT_EQ(result.to, Duration(26s));
  EXPECT_EQ(result.samples, 1600U);
  EXPECT_EQ(result.not_ok, 800U);
  EXPECT_NEAR(result.budget_spent, 50, 1e-9);
  EXPECT_NEAR(result.worst_not_ok, 0.5, 1e-9);
  EXPECT_EQ(result.recovered_under, std::nullopt);
  EXPECT_EQ(result.recovered, Duration(997ms));
  EXPECT_THAT(result.sentence, HasSubstr("800 of 1,600 requests were bad, 16 allowed"));
}

TEST_F(Absent, IsSurvivedWithinTheBudgetOfThatTime) {
  // 16 bad ones in the first second are just the 1 % of 1600; over them it was steady again from
  // second 11 on, 997 ms after it went.
  run_.is_stopped("away", 10s, 26s);
  const AbsenceResult result = judged(10, 11, 16);
  EXPECT_EQ(result.outcome, Outcome::kSurvived);
  EXPECT_NEAR(result.budget_spent, 1, 1e-9);
  EXPECT_EQ(result.recovered_under, Duration(997ms));
  EXPECT_THAT(result.sentence, HasSubstr("99 % of 1,600 requests were ok without it"));
}

TEST_F(Absent, IsNotSurvivedBecauseTheRunWasLong) {
  // 30 bad ones of the 1600 without it are too many, though the run's 4000 allow 40.
  run_.is_stopped("away", 10s, 26s);
  const AbsenceResult result = judged(10, 11, 30);
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_EQ(result.outcome, Outcome::kSinglePoint);
}

TEST_F(Absent, SaysNothingWhereTheObjectiveWasMissedBefore) {
  // 20 bad ones of the 1000 requests before it.
  run_.is_stopped("away", 10s, 26s);
  const AbsenceResult result = judged(3, 4, 20);
  EXPECT_EQ(result.outcome, Outcome::kUnknown);
  EXPECT_THAT(result.sentence, HasSubstr("missed already before it was away"));
}

TEST_F(Absent, SaysNothingWhereItWasNeverAway) {
  EXPECT_EQ(judged(0, 0, 0).outcome, Outcome::kUnknown);
}

TEST_F(Absent, SaysNothingWhereItCouldNotBeUndone) {
  run_.is_stopped("away", 10s, 26s);
  run_.record().faults[0].state = FaultRecord::State::kResidue;
  EXPECT_EQ(judged(0, 0, 0).outcome, Outcome::kUnknown);
}

TEST_F(Absent, IsASinglePointWhereAGuardHadToEndTheRun) {
  run_.is_stopped("away", 10s, 26s);
  scenarios::GuardSpec guard;
  guard.name = "errors";
  guard.file = "stop-here";
  run_.record().scenario.guards.push_back(guard);
  run_.record().guard_trips.push_back({"errors", 12s, 11s, "it was there"});
  run_.record().early_end = EarlyEnd{EarlyEnd::Cause::kGuard, "guard errors tripped", 12s};
  const AbsenceResult result = judged(0, 0, 0);
  EXPECT_EQ(result.outcome, Outcome::kSinglePoint);
  EXPECT_THAT(result.sentence, HasSubstr("guard errors tripped: it was there"));
}

TEST_F(Absent, OfWhatWasKilledIsJudgedToTheEndOfTheLoad) {
  // A moment at 10 s; from there to 40 s are 30 seconds with 3000 requests. Two bad seconds, then
  // another took over: 2 s after it went it was steady again.
  run_.is_stopped("away", 10s, 10s);
  run_.record().faults[0].from = run_.record().faults[0].to = 10s;
  run_.record().faults[0].state = FaultRecord::State::kDone;
  const AbsenceResult result = judged(10, 12, 10, {.way = Way::kKill, .from = 10s, .length = 30s});
  EXPECT_EQ(result.samples, 3000U);
  EXPECT_EQ(result.not_ok, 20U);
  EXPECT_EQ(result.outcome, Outcome::kSurvived);
  EXPECT_EQ(result.recovered_under, Duration(2s));
  EXPECT_EQ(result.recovered, std::nullopt);
}

TEST(Absences, AreRankedByWhatTheyCost) {
  const auto one = [](const std::string& name, Outcome outcome, double spent,
                      std::optional<Duration> recovered = {}) {
    AbsenceResult result;
    result.absence.name = name;
    result.outcome = outcome;
    result.budget_spent = spent;
    result.recovered = recovered;
    return result;
  };
  std::vector<AbsenceResult> results = {
      one("a", Outcome::kSurvived, 0.2, 1s), one("b", Outcome::kUnknown, 0),
      one("c", Outcome::kSinglePoint, 3), one("d", Outcome::kSurvived, 0.2, 2s),
      one("e", Outcome::kSinglePoint, 9)};
  rank(results);
  std::string order;
  for (const AbsenceResult& result : results) order += result.absence.name;
  EXPECT_EQ(order, "ecbda");
  EXPECT_EQ(absences_sentence(results),
            "e, c are single points of failure: 5 things taken away in turn; of 1 of them "
            "nothing can be said");
}

}  // namespace
}  // namespace squall::reports
