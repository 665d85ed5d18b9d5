#include "generators/request/render.h"

#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

std::string rendered(const Template& text, std::uint64_t number, std::uint64_t seed = 7) {
  auto made = PreparedText::make(text, {});
  EXPECT_TRUE(ok(made));
  RenderContext context;
  context.number = number;
  Random random(random_at(seed, number));
  std::string out;
  made->render(context, random, TextPlace::kBody, out);
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

/// Tables `users` (in order) and `keys` (once), and what was taken as "segment".
class Filled : public testing::Test {
 protected:
  Filled() {
    add("users", "id,name\n1,ada\n2,\"bob\r\nx: y\"\n", DataSpec::Order::kInOrder);
    add("keys", "key\nk0\nk1\nk2\n", DataSpec::Order::kOnce);
    add("other", "key\nk0\n", DataSpec::Order::kOnce);
  }

  void add(const std::string& name, std::string_view text, DataSpec::Order order) {
    auto table = DataTable::parse(text, name + ".csv", order, 3);
    ASSERT_TRUE(ok(table));
    tables_.emplace(name, *std::move(table));
  }

  std::string filled(const Template& text, const RenderContext& context, TextPlace place) {
    auto made = PreparedText::make(text, {&tables_, &names_});
    EXPECT_TRUE(ok(made));
    Random random(1);
    std::string out;
    made->render(context, random, place, out);
    return out;
  }

  DataTables tables_;
  std::vector<std::string> names_{"segment", "token"};
  std::vector<std::string> taken_{"a b/c?d=%20&e=%zz#\xc3\xa9", "t\r\nx-evil: 1\0\x7f"};
};

TEST_F(Filled, RowsComeByTheNumberOfTheWalkAndThoseOfOnceByTheirOwn) {
  RenderContext context;
  context.number = 7;
  context.walk = 2;
  context.row = 1;
  const Template text{{DataColumn{"users", "name"}, std::string("-"), DataColumn{"keys", "key"}}};
  EXPECT_EQ(filled(text, context, TextPlace::kBody), "ada-k1");
}

TEST_F(Filled, APathHoldsOnlyWhatMayStandThere) {
  RenderContext context;
  context.taken = taken_;
  EXPECT_EQ(filled({{std::string("/"), TakenValue{"segment"}}}, context, TextPlace::kPath),
            "/a%20b/c?d=%20&e=%25zz%23%C3%A9");
}

TEST_F(Filled, NoValueBeginsAHeaderOfItsOwn) {
  RenderContext context;
  context.taken = taken_;
  context.walk = 1;
  EXPECT_EQ(filled({{TakenValue{"token"}}}, context, TextPlace::kHeader), "tx-evil: 1");
  EXPECT_EQ(filled({{DataColumn{"users", "name"}}}, context, TextPlace::kHeader), "bobx: y");
  EXPECT_EQ(filled({{DataColumn{"users", "name"}}}, context, TextPlace::kBody), "bob\r\nx: y");
}

TEST_F(Filled, RefusesNamesThatStandForNothing) {
  const TextNames names{&tables_, &names_};
  const auto column = PreparedText::make({{DataColumn{"users", "nmae"}}}, names);
  ASSERT_FALSE(column);
  EXPECT_THAT(column.error().message(), testing::HasSubstr("users.csv has no column 'nmae', did"));
  EXPECT_THAT(column.error().message(), testing::HasSubstr("'name'"));
  EXPECT_FALSE(PreparedText::make({{DataColumn{"nobody", "id"}}}, names));
  EXPECT_FALSE(PreparedText::make({{TakenValue{"nothing"}}}, names));
  EXPECT_FALSE(PreparedText::make({{TakenValue{"segment"}}}, {}));
  EXPECT_FALSE(
      PreparedText::make({{DataColumn{"keys", "key"}, DataColumn{"other", "key"}}}, names));
}

TEST(ToPath, MakesAnyTextOneThatCanBeAskedFor) {
  const auto path = [](std::string text) {
    to_path(text);
    return text;
  };
  EXPECT_EQ(path("/x"), "/x");
  EXPECT_EQ(path("x"), "/x");
  EXPECT_EQ(path(""), "/");
  EXPECT_EQ(path("https://edge:8443/x?y=1"), "/x?y=1");
  EXPECT_EQ(path("http://edge"), "/");
  EXPECT_EQ(path("http://edge?q"), "/?q");
}

}  // namespace
}  // namespace squall::generators
