#include "faults/process/pick.h"

#include <cstdint>
#include <set>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Pick a_count(std::uint64_t count) { return {.count = count, .share = {}}; }
Pick a_share(double share) { return {.count = {}, .share = Share{share}}; }

TEST(Choose, TakesAllWhenNothingIsSaid) { EXPECT_THAT(choose({}, 3, 7), ElementsAre(0, 1, 2)); }

TEST(Choose, TakesTheSameForTheSameSeedAndEachOneForSomeSeed) {
  std::set<std::size_t> chosen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto one = choose(a_count(1), 4, seed);
    ASSERT_THAT(one, SizeIs(1));
    EXPECT_EQ(choose(a_count(1), 4, seed), one);
    chosen.insert(one.front());
  }
  EXPECT_THAT(chosen, ElementsAre(0, 1, 2, 3));
}

TEST(Choose, RoundsSharesUpAndNeverToNothing) {
  EXPECT_THAT(choose(a_share(0.5), 3, 1), SizeIs(2));
  EXPECT_THAT(choose(a_share(0.01), 3, 1), SizeIs(1));
  EXPECT_THAT(choose(a_share(0), 3, 1), SizeIs(1));
  EXPECT_THAT(choose(a_share(1), 3, 1), SizeIs(3));
  EXPECT_THAT(choose(a_share(0.1), 30, 1), SizeIs(3));  // 0.1 * 30 is a hair above 3.
}

TEST(Choose, TakesWhatThereIsWhenMoreIsAsked) {
  EXPECT_THAT(choose(a_count(9), 2, 1), ElementsAre(0, 1));
  EXPECT_THAT(choose(a_count(9), 0, 1), IsEmpty());
}

}  // namespace
}  // namespace squall::faults
