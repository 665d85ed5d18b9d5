#include "harness/trust/identity.h"

#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::trust {
namespace {

using Role = Identity::Role;

TEST(Identity, IsReadFromTheNamesThatItWasWrittenTo) {
  const Identity agent{Role::kAgent, "fra-1", {{"role", "edge"}, {"zone", "fra"}}};
  const auto uris = to_uris(agent);
  EXPECT_EQ(uris, (std::vector<std::string>{"urn:squall:agent:fra-1", "urn:squall:label:role=edge",
                                            "urn:squall:label:zone=fra"}));
  const auto read = identity_of(uris);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, agent);
}

TEST(Identity, IsFoundAmongOtherNames) {
  const auto read =
      identity_of({"coordinator.squall.internal", "10.0.0.1", "urn:squall:coordinator:main"});
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (Identity{Role::kCoordinator, "main", {}}));
}

TEST(Identity, IsRefusedWhereThereIsNoneOrItIsNotOneOrNotSound) {
  const std::vector<std::vector<std::string>> bad = {
      {},
      {"example.org", "spiffe://x/agent"},
      {"urn:squall:agent:a", "urn:squall:agent:b"},
      {"urn:squall:agent:a", "urn:squall:coordinator:a"},
      {"urn:squall:agent:"},
      {"urn:squall:agent"},
      {"urn:squall:agents:a"},
      {"urn:squall:root:a"},
      {"urn:squall:agent:a b"},
      {"urn:squall:agent:-a"},
      {"urn:squall:agent:" + std::string(64, 'a')},
      {"urn:squall:agent:a", "urn:squall:label:zone"},
      {"urn:squall:agent:a", "urn:squall:label:=fra"},
      {"urn:squall:agent:a", "urn:squall:label:zone=fra", "urn:squall:label:zone=ams"},
      {"urn:squall:label:zone=fra"},
  };
  for (const auto& names : bad) {
    EXPECT_TRUE(failed_with(identity_of(names), std::errc::permission_denied))
        << testing::PrintToString(names);
  }
}

TEST(Identity, NamesAreShortAndOfLettersDigitsDotsDashesAndUnderscores) {
  for (const char* good : {"a", "9", "fra-1.edge_2", "Z"}) EXPECT_TRUE(is_name(good)) << good;
  EXPECT_TRUE(is_name(std::string(63, 'a')));
  for (const char* bad : {"", ".a", "_a", "a/b", "a,URI:b", "a\n", "ä", "a=b"}) {
    EXPECT_FALSE(is_name(bad)) << bad;
  }
}

}  // namespace
}  // namespace squall::trust
