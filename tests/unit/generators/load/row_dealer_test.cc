#include "generators/load/row_dealer.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

TEST(RowDealer, ShardsDealEachRowOnceBetweenThem) {
  auto table = DataTable::parse("n\n0\n1\n2\n3\n4\n5\n6\n", "t.csv", DataSpec::Order::kOnce, 1);
  ASSERT_TRUE(ok(table));
  std::multiset<std::uint32_t> dealt;
  for (std::uint64_t agent = 0; agent < 2; ++agent) {
    for (std::uint64_t shard = 0; shard < 3; ++shard) {
      RowDealer dealer(Slice{agent, 2}.part(shard, 3));
      while (const auto row = dealer.deal(*table)) dealt.insert(*row);
      EXPECT_FALSE(dealer.deal(*table));
    }
  }
  EXPECT_EQ(dealt, (std::multiset<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(RowDealer, AgentsOfUnlikeWeightDealEachRowOnceBetweenThem) {
  auto table = DataTable::parse("n\n0\n1\n2\n3\n4\n5\n6\n", "t.csv", DataSpec::Order::kOnce, 1);
  ASSERT_TRUE(ok(table));
  std::multiset<std::uint32_t> dealt;
  for (const Slice& agent : {Slice{0, 1, {0, 2, 3}, 4}, Slice{1, 4}}) {
    for (std::uint64_t shard = 0; shard < 2; ++shard) {
      RowDealer dealer(agent.part(shard, 2));
      while (const auto row = dealer.deal(*table)) dealt.insert(*row);
    }
  }
  EXPECT_EQ(dealt, (std::multiset<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(RowDealer, KeepsTablesApart) {
  auto one = DataTable::parse("n\n0\n1\n", "t.csv", DataSpec::Order::kOnce, 1);
  auto two = DataTable::parse("n\n0\n1\n", "u.csv", DataSpec::Order::kOnce, 1);
  ASSERT_TRUE(one && two);
  RowDealer dealer({});
  EXPECT_EQ(dealer.deal(*one), 0U);
  EXPECT_EQ(dealer.deal(*two), 0U);
  EXPECT_EQ(dealer.deal(*one), 1U);
}

}  // namespace
}  // namespace squall::generators
