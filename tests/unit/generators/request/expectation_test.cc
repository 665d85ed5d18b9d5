#include "generators/request/expectation.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

Expectation expect(const ExpectSpec& spec) {
  auto made = Expectation::make(spec);
  EXPECT_TRUE(ok(made));
  return *std::move(made);
}

TEST(Expectation, TakesStatuses100To399WhenNoneAreGiven) {
  const Expectation any = expect({});
  EXPECT_TRUE(any.needs_status_only());
  EXPECT_TRUE(any.holds({}, 200));
  EXPECT_TRUE(any.holds({}, 399));
  EXPECT_FALSE(any.holds({}, 400));
  EXPECT_FALSE(any.holds({}, 503));
  EXPECT_FALSE(any.holds({}, 0));
}

TEST(Expectation, TakesTheGivenStatusesOnly) {
  ExpectSpec spec;
  spec.status = {{201, 201}, {500, 599}};
  const Expectation some = expect(spec);
  EXPECT_TRUE(some.holds({}, 201));
  EXPECT_TRUE(some.holds({}, 503));
  EXPECT_FALSE(some.holds({}, 200));
}

TEST(Expectation, FindsTextAcrossPiecesHoweverTheyAreCut) {
  ExpectSpec spec;
  spec.body_contains = "aabaaac";
  const Expectation some = expect(spec);
  const std::string body = "xxaabaabaabaaacyy";
  for (std::size_t first = 0; first <= body.size(); ++first) {
    for (std::size_t second = first; second <= body.size(); ++second) {
      ExpectationState state;
      const std::string_view whole = body;
      some.body(state, whole.substr(0, first));
      some.body(state, whole.substr(first, second - first));
      some.body(state, whole.substr(second));
      EXPECT_TRUE(some.holds(state, 200)) << first << ' ' << second;
    }
  }
  ExpectationState state;
  some.body(state, "aabaaaaabaab");
  EXPECT_FALSE(some.holds(state, 200));
}

TEST(Expectation, WantsEachHeaderToContainItsText) {
  ExpectSpec spec;
  spec.headers = {{"content-type", "json"}, {"x-cache", "HIT"}};
  const Expectation some = expect(spec);
  EXPECT_FALSE(some.needs_status_only());
  ExpectationState state;
  some.header(state, "content-type", "application/json; charset=utf-8");
  some.header(state, "x-cache", "MISS");
  EXPECT_FALSE(some.holds(state, 200));
  some.header(state, "x-cache", "HIT, MISS");
  EXPECT_TRUE(some.holds(state, 200));
}

TEST(Expectation, SaysWhatAnAnswerWithTheRightStatusLacks) {
  ExpectSpec spec;
  spec.headers = {{"etag", ""}, {"x-cache", "HIT"}};
  spec.body_contains = "fine";
  const Expectation some = expect(spec);
  ExpectationState state;
  EXPECT_EQ(some.lack(state, 503), "") << "the status says enough";
  EXPECT_EQ(some.lack(state, 200), "no header etag");
  some.header(state, "etag", "1");
  EXPECT_EQ(some.lack(state, 200), "no header x-cache with \"HIT\"");
  some.header(state, "x-cache", "HIT");
  EXPECT_EQ(some.lack(state, 200), "\"fine\" is not in its body");
  some.body(state, "all is fine");
  EXPECT_EQ(some.lack(state, 200), "");
}

TEST(Expectation, PutsWhatItWantsIntoOneShortLine) {
  ExpectSpec spec;
  spec.body_contains = "\x1b[31mred\n" + std::string(1000, 'x');
  EXPECT_EQ(expect(spec).lack({}, 200),
            "\"?[31mred?" + std::string(51, 'x') + "…\" is not in its body");
}

TEST(Expectation, RefusesMoreHeadersThanItCanTrack) {
  ExpectSpec spec;
  for (int i = 0; i < 65; ++i) spec.headers["h" + std::to_string(i)] = "";
  EXPECT_FALSE(Expectation::make(spec));
}

}  // namespace
}  // namespace squall::generators
