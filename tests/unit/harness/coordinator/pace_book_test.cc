#include "harness/coordinator/pace_book.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;
using generators::Stage;

const std::vector<Stage> kStages{{Rate{0}, Rate{100}, 10s}, {Rate{100}, Rate{100}, 20s}};

void expect_stage(const Stage& stage, double from, double to, Duration length) {
  EXPECT_DOUBLE_EQ(stage.from.per_second, from);
  EXPECT_DOUBLE_EQ(stage.to.per_second, to);
  EXPECT_EQ(stage.length, length);
}

TEST(PaceBook, OfClosedLoadsAloneIsEmpty) {
  scenarios::Scenario scenario;
  generators::LoadSpec& users = scenario.loads.emplace_back();
  users.name = "users";
  users.schedule = generators::ClosedSpec{.users = 30, .length = 9s, .think = {}};
  EXPECT_TRUE(PaceBook(scenario).is_empty());
  generators::LoadSpec& browse = scenario.loads.emplace_back();
  browse.name = "browse";
  browse.schedule =
      generators::OpenSpec{.arrivals = generators::Arrivals::kConstant, .stages = kStages};
  EXPECT_FALSE(PaceBook(scenario).is_empty());
}

TEST(RemainingStages, AreAllOfThemAtTheBegin) {
  const auto left = remaining_stages(kStages, 0s, 1);
  ASSERT_EQ(left.size(), 2U);
  expect_stage(left[0], 0, 100, 10s);
  expect_stage(left[1], 100, 100, 20s);
}

TEST(RemainingStages, CutARampWhereItIs) {
  const auto left = remaining_stages(kStages, 4s, 1.5);
  ASSERT_EQ(left.size(), 2U);
  expect_stage(left[0], 60, 150, 6s);
  expect_stage(left[1], 150, 150, 20s);
}

TEST(RemainingStages, AreNoneAtTheEnd) {
  EXPECT_EQ(remaining_stages(kStages, 10s, 1).size(), 1U);
  EXPECT_TRUE(remaining_stages(kStages, 30s, 1).empty());
  EXPECT_TRUE(remaining_stages(kStages, 31s, 1).empty());
}

TEST(StagesUntil, AndWhatRemainsAreTheWhole) {
  const auto before = stages_until(kStages, 4s);
  ASSERT_EQ(before.size(), 1U);
  expect_stage(before[0], 0, 40, 4s);
  EXPECT_EQ(stages_until(kStages, 15s).size(), 2U);
  EXPECT_EQ(stages_until(kStages, 60s).size(), 2U);
  EXPECT_TRUE(stages_until(kStages, 0s).empty());
}

scenarios::Scenario scenario() {
  scenarios::Scenario made;
  made.loads.resize(2);
  made.loads[0].name = "browse";
  made.loads[0].at = 5s;
  made.loads[0].schedule =
      generators::OpenSpec{.arrivals = generators::Arrivals::kConstant, .stages = kStages};
  made.loads[1].name = "players";
  made.loads[1].schedule = generators::ClosedSpec{};
  return made;
}

TEST(PaceBook, KeepsARateToTheEndOfTheSchedule) {
  PaceBook book(scenario());
  const auto changed = book.set_rate("browse", 17s, Rate{250});
  ASSERT_TRUE(ok(changed));
  EXPECT_EQ(changed->at, Duration(17s));
  ASSERT_EQ(changed->stages.size(), 1U);
  expect_stage(changed->stages[0], 250, 250, 18s);
  const auto& offered = book.offered().at("browse");
  ASSERT_EQ(offered.size(), 3U);
  expect_stage(offered[0], 0, 100, 10s);
  expect_stage(offered[1], 100, 100, 2s);
  expect_stage(offered[2], 250, 250, 18s);
}

TEST(PaceBook, ChangesOnlyWhatHasARateAndIsNotOver) {
  PaceBook book(scenario());
  EXPECT_EQ(book.set_rate("players", 1s, Rate{1}).error().trail,
            "load players: there is no open load of this name");
  EXPECT_EQ(book.set_rate("browse", 35s, Rate{1}).error().trail,
            "load browse: its schedule is over");
  EXPECT_TRUE(book.offered().empty());
  // Before its begin the whole of it is changed.
  const auto early = book.set_rate("browse", 1s, Rate{7});
  ASSERT_TRUE(ok(early));
  EXPECT_EQ(early->at, Duration(5s));
  expect_stage(early->stages[0], 7, 7, 30s);
}

TEST(PaceBook, PausesAndGoesOnWhereTheScheduleIsByThen) {
  PaceBook book(scenario());
  const auto paused = book.pause(15s);
  ASSERT_EQ(paused.size(), 1U);
  expect_stage(paused[0].stages[0], 0, 0, 20s);
  EXPECT_TRUE(book.pause(16s).empty());
  const auto resumed = book.resume(20s);
  ASSERT_EQ(resumed.size(), 1U);
  expect_stage(resumed[0].stages[0], 100, 100, 15s);
  EXPECT_TRUE(book.resume(21s).empty());
  double due = 0;
  for (const Stage& stage : book.offered().at("browse")) {
    due += (stage.from.per_second + stage.to.per_second) / 2 * to_seconds(stage.length);
  }
  EXPECT_DOUBLE_EQ(due, 500 + 1500);
}

TEST(PaceBook, FewerAgentsOfferTheSame) {
  PaceBook book(scenario());
  const auto denser = book.make_denser("browse", 15s, 1.5);
  ASSERT_TRUE(denser);
  expect_stage(denser->stages[0], 150, 150, 20s);
  EXPECT_TRUE(book.offered().empty());
  const auto changed = book.set_rate("browse", 16s, Rate{200});
  ASSERT_TRUE(ok(changed));
  expect_stage(changed->stages[0], 300, 300, 19s);
  expect_stage(book.offered().at("browse").back(), 200, 200, 19s);
  EXPECT_FALSE(book.make_denser("players", 1s, 2));
}

TEST(PaceBook, KnowsHowMuchIsDueAsAgentsWereTold) {
  PaceBook book(scenario());
  EXPECT_DOUBLE_EQ(book.due_between("browse", 0s, 60s), 2500);
  EXPECT_DOUBLE_EQ(book.due_between("browse", 15s, 17s), 200);
  ASSERT_TRUE(book.make_denser("browse", 16s, 1.5));
  EXPECT_DOUBLE_EQ(book.due_between("browse", 15s, 17s), 250);
  ASSERT_TRUE(ok(book.set_rate("browse", 20s, Rate{10})));
  EXPECT_DOUBLE_EQ(book.due_between("browse", 15s, 21s), 100 + 4 * 150 + 15);
  ASSERT_EQ(book.pause(25s).size(), 1U);
  EXPECT_DOUBLE_EQ(book.due_between("browse", 24s, 60s), 15);
  EXPECT_EQ(book.due_between("players", 0s, 60s), 0);
}

}  // namespace
}  // namespace squall::coordinator
