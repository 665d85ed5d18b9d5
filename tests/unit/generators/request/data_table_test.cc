#include "generators/request/data_table.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

using Order = DataSpec::Order;

std::string refusal(std::string_view text, const std::string& name) {
  auto table = DataTable::parse(text, name, Order::kInOrder, 1);
  return table ? "" : table.error().message();
}

TEST(DataTable, ReadsCsvByColumnAndRow) {
  auto table = DataTable::parse("id,name\r\n1,ada\r\n2,\"bob, \"\"b\"\"\"\r\n3,", "users.csv",
                                Order::kInOrder, 1);
  ASSERT_TRUE(ok(table));
  EXPECT_EQ(table->rows(), 3U);
  EXPECT_EQ(table->column("name"), 1U);
  EXPECT_FALSE(table->column("nmae"));
  EXPECT_EQ(table->cell(0, 0), "1");
  EXPECT_EQ(table->cell(1, 1), "bob, \"b\"");
  EXPECT_EQ(table->cell(2, 1), "");
}

TEST(DataTable, ReadsJsonLinesWhateverTheOrderOfTheirKeys) {
  auto table = DataTable::parse(
      "{\"id\": 1, \"name\": \"ada\"}\n\n{\"extra\": 0, \"name\": null, \"id\": {\"a\": [true]}}\n",
      "users.jsonl", Order::kInOrder, 1);
  ASSERT_TRUE(ok(table));
  EXPECT_EQ(table->rows(), 2U);
  EXPECT_EQ(table->cell(0, *table->column("name")), "ada");
  EXPECT_EQ(table->cell(1, *table->column("name")), "");
  EXPECT_EQ(table->cell(1, *table->column("id")), "{\"a\":[true]}");
}

TEST(DataTable, NamesTheLineThatCannotBeRead) {
  EXPECT_THAT(refusal("a,b\n1,2\n1\n", "t.csv"), testing::StartsWith("t.csv:3: 1 values for 2"));
  EXPECT_THAT(refusal("a,b\n1,\"x\ny\"\n1,\"", "t.csv"), testing::StartsWith("t.csv:4: a quote"));
  EXPECT_THAT(refusal("a,a\n", "t.csv"), testing::HasSubstr("two columns are named 'a'"));
  EXPECT_THAT(refusal("a,b\n", "t.csv"), testing::StartsWith("t.csv: no rows"));
  EXPECT_THAT(refusal("", "t.csv"), testing::StartsWith("t.csv: no rows"));
  EXPECT_THAT(refusal("{\"a\":1}\n{\"b\":1}\n", "t.jsonl"),
              testing::StartsWith("t.jsonl:2: no 'a'"));
  EXPECT_THAT(refusal("{}\n", "t.jsonl"), testing::StartsWith("t.jsonl:1: no columns"));
  EXPECT_THAT(refusal("{\"a\":" + std::string(100'000, '['), "t.jsonl"),
              testing::StartsWith("t.jsonl:1: JSON that is nested"));
}

TEST(DataTable, RowsOfANumberAreTheSameHoweverTheLoadIsSplit) {
  constexpr std::string_view kText = "n\n0\n1\n2\n3\n4\n";
  auto in_order = DataTable::parse(kText, "t.csv", Order::kInOrder, 1);
  auto random = DataTable::parse(kText, "t.csv", Order::kRandom, 1);
  auto again = DataTable::parse(kText, "t.csv", Order::kRandom, 1);
  ASSERT_TRUE(in_order && random && again);
  EXPECT_EQ(in_order->row_of(4), 4U);
  EXPECT_EQ(in_order->row_of(7), 2U);
  std::set<std::uint64_t> seen;
  for (std::uint64_t number = 0; number < 100; ++number) {
    EXPECT_EQ(random->row_of(number), again->row_of(number));
    seen.insert(random->row_of(number));
  }
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(*seen.rbegin(), 4U);
}

TEST(DataTable, AMillionRowsAreRead) {
  std::string text = "id,name\n";
  for (int i = 0; i < 1'000'000; ++i) text += std::to_string(i) + ",user\n";
  auto table = DataTable::parse(text, "users.csv", Order::kOnce, 1);
  ASSERT_TRUE(ok(table));
  EXPECT_EQ(table->rows(), 1'000'000U);
  EXPECT_EQ(table->cell(999'999, 0), "999999");
}

}  // namespace
}  // namespace squall::generators
