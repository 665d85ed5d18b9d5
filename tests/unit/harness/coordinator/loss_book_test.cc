#include "harness/coordinator/loss_book.h"

#include <gtest/gtest.h>

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;

/// 60 s from the second second on.
generators::LoadSpec load(
    std::variant<generators::OpenSpec, generators::ClosedSpec, generators::ReplaySpec> schedule) {
  generators::LoadSpec made;
  made.name = "browse";
  made.at = 2s;
  made.schedule = std::move(schedule);
  return made;
}

generators::LoadSpec open_load() {
  return load(generators::OpenSpec{.arrivals = generators::Arrivals::kConstant,
                                   .stages = {{Rate{100}, Rate{100}, 60s}}});
}

double a_hundred_a_second(const std::string& /*load*/, Duration from, Duration to) {
  return 100 * to_seconds(to - from);
}

/// What fell due in the last of these seconds and the next, as an agent tells it.
reports::Snapshot told(std::int64_t second, std::uint64_t due, std::uint64_t due_after) {
  reports::Snapshot snapshot;
  snapshot.second = second;
  snapshot.cells.push_back({"browse", second, {}});
  snapshot.cells.back().cell.due = due;
  snapshot.cells.push_back({"browse", second + 1, {}});
  snapshot.cells.back().cell.due = due_after;
  return snapshot;
}

class LossBookTest : public testing::Test {
 protected:
  reports::MissingPart missing(const generators::LoadSpec& load, Duration end = 10min) const {
    return book_.missing("lon-1", part_, load, end, a_hundred_a_second);
  }

  LossBook book_;
  LoadPart part_{.load = "browse", .turns = {0}, .count = 4, .users = 3};
};

TEST_F(LossBookTest, APartIsMissingFromWhatWasToldLastToWhenOthersOfferIt) {
  book_.take("lon-1", told(9, 25, 0));
  book_.take("lon-1", told(10, 25, 3));
  book_.take("fra-1", told(30, 75, 3));
  book_.hand_on("lon-1", "browse", 16500ms);
  const reports::MissingPart found = missing(open_load());
  EXPECT_EQ(found.from, Duration(11s));
  EXPECT_EQ(found.to, Duration(16500ms));
  EXPECT_DOUBLE_EQ(found.share, 0.25);
  // A quarter of 550, of which three are known.
  EXPECT_EQ(found.due, 135U);
}

TEST_F(LossBookTest, ItIsMissingToTheEndWhereNobodyOffersIt) {
  book_.take("lon-1", told(10, 25, 0));
  EXPECT_EQ(missing(open_load()).to, Duration(62s));
  EXPECT_EQ(missing(open_load()).due, 1275U);
  EXPECT_EQ(missing(open_load(), 21s).due, 250U);
}

TEST_F(LossBookTest, AllOfItIsMissingWhereNothingWasTold) {
  EXPECT_EQ(missing(open_load()).from, Duration(2s));
  EXPECT_EQ(missing(open_load()).due, 1500U);
}

TEST_F(LossBookTest, NothingIsMissingOnceAllIsTold) {
  book_.take("lon-1", told(70, 0, 0));
  const reports::MissingPart found = missing(open_load());
  EXPECT_EQ(found.from, found.to);
  EXPECT_EQ(found.due, 0U);
}

TEST_F(LossBookTest, OfAClosedLoadUsersAreMissingAndNoNumberOfRequests) {
  book_.take("lon-1", told(10, 25, 0));
  const reports::MissingPart found =
      missing(load(generators::ClosedSpec{.users = 12, .length = 60s, .think = {}}));
  EXPECT_DOUBLE_EQ(found.share, 0.25);
  EXPECT_FALSE(found.due);
}

TEST_F(LossBookTest, UsersAreMissingFromWhereTheirAgentEndedItsLoadInOrder) {
  const auto closed = load(generators::ClosedSpec{.users = 12, .length = 60s, .think = {}});
  // In the eleventh second it still did twenty, and left.
  book_.take("lon-1", told(10, 25, 20));
  book_.told_all("lon-1", 11760ms);
  book_.hand_on("lon-1", "browse", 12060ms);
  EXPECT_EQ(missing(closed).from, Duration(11760ms));
  EXPECT_EQ(missing(closed).to, Duration(12060ms));
  // Of an open load those twenty are known by their number.
  EXPECT_EQ(missing(open_load()).from, Duration(11s));
  EXPECT_EQ(missing(open_load()).due, 7U);
}

TEST_F(LossBookTest, NothingIsMissingOfUsersWhoseAgentLeftAtTheirEnd) {
  const auto closed = load(generators::ClosedSpec{.users = 12, .length = 60s, .think = {}});
  book_.take("lon-1", told(61, 25, 0));
  book_.told_all("lon-1", 62100ms);
  EXPECT_EQ(missing(closed).from, missing(closed).to);
}

TEST_F(LossBookTest, OfAReplayAsMuchIsMissingAsThereIsOnTheMean) {
  generators::ReplaySpec replay;
  replay.requests = 600;
  replay.length = 60s;
  book_.take("lon-1", told(21, 5, 0));
  EXPECT_EQ(missing(load(replay)).due, 100U);
}

}  // namespace
}  // namespace squall::coordinator
