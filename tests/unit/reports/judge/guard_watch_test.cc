#include "reports/judge/guard_watch.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using scenarios::GuardCondition;
using testing::IsEmpty;
using testing::SizeIs;
using FigureKind = GuardCondition::Figure;
using Compare = GuardCondition::Compare;

/// A minute of an open load "browse" of 100/s, whose guards are judged second by second.
class Guards : public testing::Test {
 protected:
  Guards() {
    generators::LoadSpec load;
    load.name = "browse";
    generators::OpenSpec open;
    open.stages.push_back({{100}, {100}, 60s});
    load.schedule = open;
    load.requests.resize(1);
    scenario_.loads.push_back(load);
    plan_.length = 60s;
    plan_.loads.push_back({"browse", "edge", 0s, 60s});
  }

  GuardCondition condition(FigureKind figure, Compare compare, double limit,
                           const std::string& name, const std::string& of = "browse") {
    GuardCondition made;
    made.text = of + "." + name;
    made.of = of;
    made.figure = figure;
    made.figure_name = name.substr(0, name.find(' '));
    made.compare = compare;
    made.limit = limit;
    return made;
  }

  scenarios::GuardSpec& guard(const std::string& name, const GuardCondition& when,
                              Duration lasting = 0s) {
    scenarios::GuardSpec made;
    made.name = name;
    made.when = when;
    made.lasting = lasting;
    scenario_.guards.push_back(made);
    return scenario_.guards.back();
  }

  void available(double goal) {
    scenarios::ObjectiveSpec objective;
    objective.name = "available";
    objective.load = "browse";
    objective.good = {"status < 500", scenarios::GoodSpec::Compare::kLess, 500};
    objective.goal = {goal};
    scenario_.objectives.push_back(objective);
  }

  /// What an agent tells of a second in which so many fell due, of which these ended.
  static SecondCell second(std::uint64_t due, std::uint64_t ok, std::uint64_t errors,
                           Duration response = 5ms) {
    SecondCell cell;
    cell.due = cell.sent = due;
    cell.completed = ok + errors;
    cell.ok = cell.ok_by_due = cell.status_by_due[200] = ok;
    cell.errors.at(static_cast<std::size_t>(ErrorClass::kTimeout)) = cell.errors_by_due = errors;
    for (std::uint64_t i = 0; i < ok + errors; ++i) cell.of(Metric::kResponse).record(response);
    return cell;
  }

  /// The second ends: what is told of it, and who trips.
  std::vector<GuardTrip> ends(std::int64_t at, const std::vector<LoadSecond>& cells,
                              const OutsideSignals& outside = {}) {
    if (!watch_) watch_.emplace(scenario_, plan_);
    Snapshot snapshot;
    snapshot.second = at;
    snapshot.cells = cells;
    watch_->take(snapshot);
    return watch_->judge(at, outside);
  }
  std::vector<GuardTrip> ends(std::int64_t at, const SecondCell& cell) {
    return ends(at, {{"browse", at, cell}});
  }

  scenarios::Scenario scenario_;
  scenarios::Plan plan_;
  std::optional<GuardWatch> watch_;
};

TEST_F(Guards, TripWhenTheConditionHeldForSoLong) {
  // More than 20 % errors in seconds 3, 4 and 5; in second 1 too, which second 2 interrupts.
  guard("errors", condition(FigureKind::kErrorShare, Compare::kGreater, 0.2, "error_share > 20%"),
        3s);
  EXPECT_THAT(ends(0, second(100, 100, 0)), IsEmpty());
  EXPECT_THAT(ends(1, second(100, 50, 50)), IsEmpty());
  EXPECT_THAT(ends(2, second(100, 80, 20)), IsEmpty());  // Just 20 % is not more.
  EXPECT_THAT(ends(3, second(100, 70, 30)), IsEmpty());
  EXPECT_THAT(ends(4, second(100, 60, 40)), IsEmpty());
  const auto trips = ends(5, second(100, 69, 31));
  ASSERT_THAT(trips, SizeIs(1));
  EXPECT_EQ(trips[0].guard, "errors");
  EXPECT_EQ(trips[0].at, 6s);
  EXPECT_EQ(trips[0].since, 3s);
  EXPECT_EQ(trips[0].sentence,
            "browse.error_share > 20% for 3 s: 31 % of 100 requests in the last second");
  EXPECT_THAT(ends(6, second(100, 0, 100)), IsEmpty()) << "a guard trips once";
}

TEST_F(Guards, WaitForEnoughSamples) {
  guard("errors", condition(FigureKind::kErrorShare, Compare::kGreater, 0.2, "error_share > 20%"))
      .min_samples = 25;
  EXPECT_THAT(ends(0, second(10, 0, 10)), IsEmpty());
  EXPECT_THAT(ends(1, second(10, 0, 10)), IsEmpty());
  EXPECT_THAT(ends(2, second(10, 0, 10)), SizeIs(1));  // 30 in three seconds in a row.
}

TEST_F(Guards, AFigureThatIsNotThereInterrupts) {
  guard("errors", condition(FigureKind::kErrorShare, Compare::kGreater, 0.2, "error_share > 20%"),
        2s);
  EXPECT_THAT(ends(0, second(100, 0, 100)), IsEmpty());
  EXPECT_THAT(ends(1, second(100, 0, 0)), IsEmpty());
  EXPECT_THAT(ends(2, second(100, 0, 100)), IsEmpty());
  EXPECT_THAT(ends(3, second(100, 0, 100)), SizeIs(1));
}

TEST_F(Guards, OfAPercentileLookAtWhatEndedWheneverItWasDue) {
  GuardCondition slow = condition(FigureKind::kPercentile, Compare::kGreater, 1, "p99 > 1s");
  slow.percentile = 99;
  guard("slow", slow);
  EXPECT_THAT(ends(0, second(100, 0, 0)), IsEmpty());
  // In second 2 those of second 0 time out, 2 s late: known by the second in which they were due.
  SecondCell late;
  late.errors_by_due = 100;
  for (int i = 0; i < 100; ++i) late.of(Metric::kResponse).record(2s);
  EXPECT_THAT(ends(1, second(100, 0, 0)), IsEmpty());
  EXPECT_THAT(ends(2, {{"browse", 0, late}, {"browse", 2, second(100, 0, 0)}}), SizeIs(1));
}

TEST_F(Guards, OfARateCompareWithWhatWasDue) {
  GuardCondition starved =
      condition(FigureKind::kSentRate, Compare::kLess, 0.95, "rate.sent < 95% of due");
  starved.limit_is_of_due = true;
  guard("starved", starved);
  SecondCell few = second(100, 95, 0);
  few.sent = 95;
  EXPECT_THAT(ends(0, few), IsEmpty());
  few.sent = 94;
  const auto trips = ends(1, few);
  ASSERT_THAT(trips, SizeIs(1));
  EXPECT_EQ(trips[0].sentence, "browse.rate.sent < 95% of due: rate.sent was 94/s of 100/s due");
}

TEST_F(Guards, OfARateDoNotSpeakWhenTheLoadIsOver) {
  guard("idle", condition(FigureKind::kCompletedRate, Compare::kLess, 10, "rate"));
  EXPECT_THAT(ends(59, second(100, 100, 0)), IsEmpty());
  EXPECT_THAT(ends(60, second(0, 5, 0)), IsEmpty());
  watch_.reset();
  EXPECT_THAT(ends(3, second(100, 5, 0)), SizeIs(1));
}

TEST_F(Guards, SilenceIsAbsentThoughSomethingIsUnderWay) {
  GuardCondition absent = condition(FigureKind::kAbsent, Compare::kGreater, 0, "");
  absent.text = "browse absent";
  guard("silent", absent, 2s);
  EXPECT_THAT(ends(0, second(100, 100, 0)), IsEmpty());
  EXPECT_THAT(ends(1, second(100, 0, 0)), IsEmpty());
  const auto trips = ends(2, std::vector<LoadSecond>{});  // Nothing is heard at all.
  ASSERT_THAT(trips, SizeIs(1));
  EXPECT_EQ(trips[0].sentence, "browse absent for 2 s: no request ended in the last second");
}

TEST_F(Guards, SilenceAfterTheLoadIsNotAbsentOnceAllHaveEnded) {
  GuardCondition absent = condition(FigureKind::kAbsent, Compare::kGreater, 0, "");
  guard("silent", absent);
  EXPECT_THAT(ends(59, second(100, 90, 0)), IsEmpty());
  EXPECT_THAT(ends(60, second(0, 10, 0)), IsEmpty());
  EXPECT_THAT(ends(61, second(0, 0, 0)), IsEmpty());
  watch_.reset();
  EXPECT_THAT(ends(59, second(100, 90, 0)), IsEmpty());
  EXPECT_THAT(ends(60, second(0, 0, 0)), SizeIs(1)) << "ten are still under way";
}

TEST_F(Guards, OfABurnRateCompareTheSecondWithTheGoal) {
  // 99.9 %: 2 bad of 100 burn 20 times as fast as allowed, 1 of 100 ten times.
  available(0.999);
  guard("burning",
        condition(FigureKind::kBurnRate, Compare::kGreater, 14.4, "burn_rate > 14.4", "available"));
  EXPECT_THAT(ends(0, second(100, 99, 1)), IsEmpty());
  EXPECT_NEAR(watch_->so_far().at("available").burn_rate, 10, 1e-6);
  const auto trips = ends(1, second(100, 98, 2));
  ASSERT_THAT(trips, SizeIs(1));
  EXPECT_EQ(trips[0].sentence, "available.burn_rate > 14.4: burn rate was 20.0 in the last second");
}

TEST_F(Guards, OfABudgetCompareWithThatOfTheWholePlan) {
  // 100/s for 60 s at 99 % allow 60 bad ones. What is under way is neither good nor bad.
  available(0.99);
  guard("spent", condition(FigureKind::kBudgetSpent, Compare::kGreaterOrEqual, 0.5,
                           "budget_spent >= 50%", "available"));
  EXPECT_THAT(ends(0, second(100, 0, 0)), IsEmpty());
  EXPECT_THAT(ends(1, second(100, 50, 29)), IsEmpty());
  EXPECT_NEAR(watch_->so_far().at("available").budget_share, 29.0 / 60, 1e-9);
  EXPECT_THAT(ends(2, second(100, 100, 1)), SizeIs(1));
}

TEST_F(Guards, SeeWhatAnObjectiveWouldBeIfTheRunEndedNow) {
  // 99 % of 100 allow one bad one. Then 3 of 200, two allowed; then 3 of 300, three allowed.
  available(0.99);
  scenario_.objectives.back().min_samples = 150;
  using Answer = ObjectiveResult::Answer;
  const auto answer = [this] { return watch_->so_far().at("available").answer; };
  ends(0, second(100, 99, 1));
  EXPECT_EQ(answer(), Answer::kTooFew);
  ends(1, second(100, 98, 2));
  EXPECT_EQ(answer(), Answer::kMissed);
  ends(2, second(100, 100, 0));
  EXPECT_EQ(answer(), Answer::kMet);
}

TEST_F(Guards, CountWindowsAsTheyEnd) {
  // Windows of three seconds whose p99 is at most 10 ms. One slow request of 300 is allowed, 5 are
  // not. The slow second burns at once: the goal of 90 % allows a tenth, so ten times too fast.
  scenarios::ObjectiveSpec objective;
  objective.name = "calm";
  objective.load = "browse";
  objective.windows = {.of = 3s, .limit = {"p99", 99, 10ms}};
  objective.goal = {0.9};
  scenario_.objectives.push_back(objective);
  const auto now = [this] { return watch_->so_far().at("calm"); };
  for (std::int64_t at = 0; at < 3; ++at) ends(at, second(100, 100, 0));
  EXPECT_EQ(now().tally, (Tally{.samples = 1, .bad = 0}));
  ends(3, second(100, 100, 0, 50ms));
  EXPECT_EQ(now().tally, (Tally{.samples = 1, .bad = 0}));
  EXPECT_NEAR(now().burn_rate, 10, 1e-6);
  ends(4, second(100, 100, 0));
  ends(5, second(100, 100, 0));
  EXPECT_EQ(now().tally, (Tally{.samples = 2, .bad = 1}));
  EXPECT_EQ(now().burn_rate, 0);
  // The plan has 20 windows, of which two may be bad.
  EXPECT_NEAR(now().budget_share, 0.5, 1e-9);
}

TEST_F(Guards, OfAnObjectiveAfterAFaultLeaveTheRestAlone) {
  available(0.99);
  plan_.faults.push_back({"pause", "pause", 2s, 4s, ""});
  scenario_.objectives[0].after = "pause";
  scenario_.objectives[0].by = 1s;
  guard("burning",
        condition(FigureKind::kBurnRate, Compare::kGreater, 1, "burn_rate > 1", "available"));
  for (std::int64_t at = 0; at < 5; ++at) EXPECT_THAT(ends(at, second(100, 0, 100)), IsEmpty());
  EXPECT_THAT(ends(5, second(100, 0, 100)), SizeIs(1));
}

TEST_F(Guards, HeedLostAgentsAndAlarmsFromOutside) {
  GuardCondition lost = condition(FigureKind::kAgentLost, Compare::kGreater, 0, "lost");
  lost.text = "agent.lost";
  guard("alone", lost);
  scenarios::GuardSpec file;
  file.name = "hand";
  file.file = "stop-here";
  scenario_.guards.push_back(file);
  EXPECT_THAT(ends(0, second(100, 100, 0)), IsEmpty());
  const auto trips = ends(1, {{"browse", 1, second(100, 100, 0)}},
                          {.lost_agents = {"agent-2"}, .alarms = {{"hand", "it is there"}}});
  ASSERT_THAT(trips, SizeIs(2));
  EXPECT_EQ(trips[0].sentence, "agent.lost: agent-2 lost");
  EXPECT_EQ(trips[1].sentence, "file stop-here is there: it is there");
}

TEST_F(Guards, WhatIsToldLateCountsInTheSecondInWhichItIsHeard) {
  guard("errors", condition(FigureKind::kErrorShare, Compare::kGreater, 0.2, "error_share > 20%"));
  EXPECT_THAT(ends(5, std::vector<LoadSecond>{}), IsEmpty());
  EXPECT_THAT(ends(6, {{"browse", 4, second(100, 50, 50)}}), SizeIs(1));
}

}  // namespace
}  // namespace squall::reports
