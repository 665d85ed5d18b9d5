#include "generators/http2/stream_table.h"

#include <cstdint>
#include <iterator>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace squall::generators::http2 {
namespace {

TEST(StreamTable, FindsWhatIsInItAndNothingElse) {
  StreamTable table;
  EXPECT_EQ(table.find(1), StreamTable::kNone);
  table.remove(1);
  table.add(1, 10);
  table.add(3, 30);
  EXPECT_EQ(table.find(1), 10U);
  EXPECT_EQ(table.find(3), 30U);
  EXPECT_EQ(table.find(5), StreamTable::kNone);
  table.remove(1);
  EXPECT_EQ(table.find(1), StreamTable::kNone);
  EXPECT_EQ(table.size(), 1U);
}

TEST(StreamTable, IsAsAMapAlsoWhenStreamsEndInAnyOrder) {
  StreamTable table;
  std::map<std::int32_t, std::uint32_t> map;
  std::mt19937 random(11);  // NOLINT: the same each time
  for (std::int32_t stream = 1; stream < 40'000; stream += 2) {
    table.add(stream, static_cast<std::uint32_t>(random() % 1000));
    map[stream] = table.find(stream);
    if (random() % 8 != 0 || map.size() > 200) {  // Some live long.
      const auto gone = std::next(map.begin(), static_cast<int>(random() % map.size()));
      table.remove(gone->first);
      map.erase(gone);
    }
    if (stream % 97 != 0) continue;
    for (const auto& [number, ticket] : map) ASSERT_EQ(table.find(number), ticket);
  }
  EXPECT_EQ(table.size(), map.size());
}

}  // namespace
}  // namespace squall::generators::http2
