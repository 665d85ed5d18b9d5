#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "generators/load/connection_pool.h"

namespace squall::generators {
namespace {

TEST(ConnectionsOf, GivesEachConnectionToExactlyOneShard) {
  for (const std::size_t shards : {1U, 2U, 3U, 7U}) {
    for (const std::size_t connections : {7U, 8U, 20U, 101U}) {
      std::vector<std::size_t> all;
      for (std::size_t shard = 0; shard < shards; ++shard) {
        const auto block = connections_of(shard, shards, connections);
        EXPECT_LE(block.size(), connections / shards + 1);
        all.insert(all.end(), block.begin(), block.end());
      }
      std::vector<std::size_t> expected(connections);
      std::iota(expected.begin(), expected.end(), 0U);
      EXPECT_EQ(all, expected);
    }
  }
}

// Two shards and two URLs once left each shard with one URL, so that half of the load failed when
// one of two servers was lost.
TEST(ConnectionsOf, LetsEachShardReachEveryUrl) {
  constexpr std::size_t kUrls = 2;
  for (std::size_t shard = 0; shard < 2; ++shard) {
    std::set<std::size_t> urls;
    for (const std::size_t connection : connections_of(shard, 2, 8)) {
      urls.insert(connection % kUrls);
    }
    EXPECT_EQ(urls.size(), kUrls);
  }
}

}  // namespace
}  // namespace squall::generators
