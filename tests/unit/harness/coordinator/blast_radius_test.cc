#include "harness/coordinator/blast_radius.h"

#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::coordinator {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

std::vector<std::size_t> all(std::size_t count) {
  std::vector<std::size_t> agents(count);
  std::iota(agents.begin(), agents.end(), 0);
  return agents;
}

scenarios::SafetySpec limits(std::optional<double> share, std::optional<std::uint64_t> agents) {
  scenarios::SafetySpec safety;
  if (share) safety.blast_share = Share{*share};
  safety.blast_agents = agents;
  return safety;
}

TEST(BlastRadius, IsEveryAgentWithoutALimit) {
  const auto agents = within_blast_radius({}, 1, "cut", {2, 5, 7});
  ASSERT_TRUE(ok(agents));
  EXPECT_THAT(*agents, ElementsAre(2, 5, 7));
}

TEST(BlastRadius, IsAtMostTheShareRoundedDownAndTheNumber) {
  EXPECT_THAT(*within_blast_radius(limits(0.25, {}), 1, "cut", all(11)), SizeIs(2));
  EXPECT_THAT(*within_blast_radius(limits(0.3, {}), 1, "cut", all(10)), SizeIs(3));
  EXPECT_THAT(*within_blast_radius(limits(0.5, 4), 1, "cut", all(20)), SizeIs(4));
  EXPECT_THAT(*within_blast_radius(limits({}, 4), 1, "cut", all(3)), SizeIs(3));
}

TEST(BlastRadius, IsDrawnAnewForEachFaultAndSeedAndTheSameForTheSame) {
  const auto safety = limits({}, 2);
  EXPECT_EQ(*within_blast_radius(safety, 7, "cut", all(50)),
            *within_blast_radius(safety, 7, "cut", all(50)));
  std::set<std::vector<std::size_t>> drawn;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    drawn.insert(*within_blast_radius(safety, seed, "cut", all(50)));
    drawn.insert(*within_blast_radius(safety, seed, "slow", all(50)));
  }
  EXPECT_GT(drawn.size(), 15U);
}

TEST(BlastRadius, TakesEachAgentAboutAsOften) {
  std::vector<int> times(4);
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const auto agents = within_blast_radius(limits(0.5, {}), seed, "cut", all(4));
    for (const std::size_t agent : *agents) ++times[agent];
  }
  // Binomial of 4,000 and a half: a standard deviation of 32; five of them.
  for (const int time : times) EXPECT_NEAR(time, 2000, 160);
}

TEST(BlastRadius, IsAnErrorWhenItLeavesNobody) {
  const auto agents = within_blast_radius(limits(0.25, {}), 1, "cut", all(3));
  ASSERT_FALSE(agents);
  EXPECT_EQ(agents.error().trail,
            "fault cut: safety.blast_radius leaves none of the 3 agents that it is meant for");
}

}  // namespace
}  // namespace squall::coordinator
