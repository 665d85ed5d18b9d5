#include "generators/request/render.h"

#include <limits>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

std::string rendered(const Template& text, std::uint64_t number, std::uint64_t seed = 7) {
  RenderSource source(seed, number);
  std::string out;
  render(text, source, out);
  return out;
}

TEST(Render, PutsSequenceAndTextTogether) {
  EXPECT_EQ(rendered({{std::string("/item/"), Sequence{}, std::string(".ts")}}, 41), "/item/41.ts");
}

TEST(Render, RandomNumbersStayInTheirRangeAndReachBothEnds) {
  std::set<std::string> seen;
  for (std::uint64_t number = 0; number < 500; ++number) {
    seen.insert(rendered({{RandomInt{-1, 2}}}, number));
  }
  EXPECT_THAT(seen, testing::UnorderedElementsAre("-1", "0", "1", "2"));
}

TEST(Render, TheWidestRangeIsNoOverflow) {
  const RandomInt widest{std::numeric_limits<std::int64_t>::min(),
                         std::numeric_limits<std::int64_t>::max()};
  EXPECT_NE(rendered({{widest}}, 1), rendered({{widest}}, 2));
}

TEST(Render, UuidsAreOfVersion4AndDiffer) {
  const std::string one = rendered({{RandomUuid{}}}, 1);
  EXPECT_THAT(one, testing::MatchesRegex(
                       "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(one, rendered({{RandomUuid{}}}, 2));
  EXPECT_EQ(one, rendered({{RandomUuid{}}}, 1)) << "a function of seed and number";
  EXPECT_NE(one, rendered({{RandomUuid{}}}, 1, 8));
}

TEST(Render, RefusesWhatCannotBeFilledYet) {
  EXPECT_TRUE(ok(check_renderable({{RandomInt{1, 2}, Sequence{}}})));
  EXPECT_TRUE(
      failed_with(check_renderable({{DataColumn{"users", "id"}}}), std::errc::not_supported));
  EXPECT_TRUE(failed_with(check_renderable({{TakenValue{"segment"}}}), std::errc::not_supported));
}

}  // namespace
}  // namespace squall::generators
