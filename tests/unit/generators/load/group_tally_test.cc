#include "generators/load/group_tally.h"

#include <chrono>

#include <gtest/gtest.h>

namespace squall::generators {
namespace {

using namespace std::chrono_literals;
using reports::ErrorClass;
using reports::GroupCell;
using reports::GroupCells;

TEST(GroupTally, KeepsGoodResponsesApartAndAddsThemUp) {
  GroupTally tally;
  tally.ended(ErrorClass::kNone, 200, 5ms);
  tally.ended(ErrorClass::kNone, 204, 7ms);
  tally.ended(ErrorClass::kNone, 200, 9ms);
  tally.ended(ErrorClass::kTimeout, 0, 2s);
  GroupCell cell;
  tally.add_to(cell);
  EXPECT_EQ(cell.ok, 3U);
  EXPECT_EQ(cell.errors.at(static_cast<std::size_t>(ErrorClass::kTimeout)), 1U);
  EXPECT_EQ(cell.status, (std::map<int, std::uint64_t>{{200, 2}, {204, 1}}));
  EXPECT_EQ(cell.response.count(), 4U);
  EXPECT_EQ(cell.ok_response.count(), 3U);
}

TEST(GroupTally, IsEmptyAgainWhenCleared) {
  GroupTally tally;
  EXPECT_TRUE(tally.empty());
  tally.ended(ErrorClass::kNone, 200, 5ms);
  EXPECT_FALSE(tally.empty());
  tally.clear();
  EXPECT_TRUE(tally.empty());
  GroupCell cell;
  tally.add_to(cell);
  EXPECT_EQ(cell, GroupCell{});
}

TEST(GroupTallies, NameOnlyWhatIsNotEmptyAndMergeWhatHasOneName) {
  GroupTallies tallies;
  tallies.at(0).ended(ErrorClass::kNone, 200, 1ms);
  tallies.at(3).ended(ErrorClass::kNone, 200, 1ms);
  tallies.at(4).ended(ErrorClass::kNone, 200, 1ms);  // Beyond the names.
  GroupCells cells;
  tallies.add_to({"a", "b", "c", "a"}, cells);
  ASSERT_EQ(cells.size(), 1U);
  EXPECT_EQ(cells.at("a").ok, 2U);
}

}  // namespace
}  // namespace squall::generators
