#include "generators/transport/source_addresses.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::generators {
namespace {

SourceAddresses of(const std::vector<std::string>& texts) {
  auto made = SourceAddresses::make(texts);
  EXPECT_TRUE(ok(made));
  return made ? *std::move(made) : SourceAddresses();
}

TEST(SourceAddresses, OfABlockAreAllButTheFirstAndTheLast) {
  const SourceAddresses block = of({"127.0.1.0/24"});
  EXPECT_EQ(block.count(false), 254U);
  EXPECT_EQ(block.count(true), 0U);
  EXPECT_EQ(block.at(false, 0).to_string(), "127.0.1.1");
  EXPECT_EQ(block.at(false, 253).to_string(), "127.0.1.254");
  EXPECT_EQ(block.at(false, 254).to_string(), "127.0.1.1");
  std::set<std::string> all;
  for (std::uint64_t turn = 0; turn < 254; ++turn) all.insert(block.at(false, turn).to_string());
  EXPECT_EQ(all.size(), 254U);
}

TEST(SourceAddresses, TakeTurnsOverSeveralBlocksOfTheirFamily) {
  const SourceAddresses mixed = of({"127.0.0.5", "fd00::/127", "127.0.0.8/31", "::1"});
  std::vector<std::string> v4;
  std::vector<std::string> v6;
  for (std::uint64_t turn = 0; turn < 4; ++turn) {
    v4.push_back(mixed.at(false, turn).to_string());
    v6.push_back(mixed.at(true, turn).to_string());
  }
  EXPECT_EQ(v4, (std::vector<std::string>{"127.0.0.5", "127.0.0.8", "127.0.0.9", "127.0.0.5"}));
  EXPECT_EQ(v6, (std::vector<std::string>{"fd00::", "fd00::1", "::1", "fd00::"}));
}

TEST(SourceAddresses, OfABlockBeginWhereTheBlockDoes) {
  EXPECT_EQ(of({"127.0.1.77/30"}).at(false, 0).to_string(), "127.0.1.77");
  EXPECT_EQ(of({"127.0.1.78/30"}).at(false, 0).to_string(), "127.0.1.77");
  EXPECT_EQ(of({"fd00::1234/112"}).at(true, 0).to_string(), "fd00::1");
  EXPECT_EQ(of({"fd00::1234/112"}).count(true), 65535U);
  EXPECT_EQ(of({"fd00::/112"}).at(true, 255).to_string(), "fd00::100");
}

TEST(SourceAddresses, OfHugeBlocksAreCountedToALimit) {
  EXPECT_EQ(of({"0.0.0.0/0"}).count(false), (std::uint64_t{1} << 32U) - 2);
  EXPECT_EQ(of({"::/0"}).count(true), (std::uint64_t{1} << 32U) - 1);
  EXPECT_EQ(of({"::/0"}).at(true, 0).to_string(), "::1");
}

TEST(SourceAddresses, AreNoneUnlessSaid) { EXPECT_TRUE(of({}).empty()); }

TEST(SourceAddresses, RefuseWhatIsNoBlock) {
  for (const char* text :
       {"", "edge", "127.0.0.1/33", "::/129", "127.0.0.1/", "127.0.0.1/8x", "127.0.0.1/-1", "/8"}) {
    EXPECT_TRUE(failed_with(SourceAddresses::make({text}), std::errc::invalid_argument)) << text;
  }
}

}  // namespace
}  // namespace squall::generators
