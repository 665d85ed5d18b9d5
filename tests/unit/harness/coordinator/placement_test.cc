#include "harness/coordinator/placement.h"

#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generators/schedule/arrival_walk.h"

#include "tests/support/result_matchers.h"

namespace squall::coordinator {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Labels kFra{{"role", "load"}, {"zone", "fra"}};
const Labels kAms{{"role", "load"}, {"zone", "ams"}};
const Labels kEdge{{"role", "edge"}, {"zone", "fra"}};

scenarios::Scenario scenario(const Labels& load_on, const Labels& fault_on) {
  scenarios::Scenario made;
  made.loads.resize(2);
  made.loads[0].name = "browse";
  made.loads[0].on = load_on;
  made.loads[1].name = "all";
  made.faults.resize(1);
  made.faults[0].name = "cut";
  made.faults[0].on = fault_on;
  return made;
}

TEST(Placement, DividesALoadAmongThoseWhomItsLabelsMatch) {
  const auto placed =
      place(scenario({{"role", "load"}}, {{"role", "edge"}}), {kAms, kEdge, kFra}, true);
  ASSERT_TRUE(ok(placed));
  EXPECT_THAT((*placed)[0].loads, ElementsAre(LoadPart{"browse", {0}, 2}, LoadPart{"all", {0}, 3}));
  EXPECT_THAT((*placed)[1].loads, ElementsAre(LoadPart{"all", {1}, 3}));
  EXPECT_THAT((*placed)[2].loads, ElementsAre(LoadPart{"browse", {1}, 2}, LoadPart{"all", {2}, 3}));
  EXPECT_THAT((*placed)[0].faults, IsEmpty());
  EXPECT_THAT((*placed)[1].faults, ElementsAre("cut"));
}

TEST(Placement, LetsNoMoreAgentsInjectAFaultThanTheBlastRadius) {
  auto limited = scenario({}, {{"role", "load"}});
  limited.safety.blast_agents = 1;
  const auto placed = place(limited, {kAms, kFra, kAms}, true);
  ASSERT_TRUE(ok(placed));
  std::size_t injecting = 0;
  for (const Placed& one : *placed) injecting += one.faults.size();
  EXPECT_EQ(injecting, 1U);
}

TEST(Placement, WantsAllLabelsToMatch) {
  const auto placed =
      place(scenario({{"role", "load"}, {"zone", "fra"}}, {{"zone", "fra"}}), {kAms, kFra}, true);
  ASSERT_TRUE(ok(placed));
  EXPECT_THAT((*placed)[0].loads, ElementsAre(LoadPart{"all", {0}, 2}));
  EXPECT_THAT((*placed)[1].loads, ElementsAre(LoadPart{"browse", {0}, 1}, LoadPart{"all", {1}, 2}));
}

TEST(Placement, SaysWhatMatchesNobody) {
  const auto load = place(scenario({{"role", "none"}, {"zone", "fra"}}, {}), {kFra}, true);
  ASSERT_FALSE(load);
  EXPECT_EQ(load.error().trail, "load browse: no agent has role=none and zone=fra");
  const auto fault = place(scenario({}, {{"role", "edge"}}), {kFra, kAms}, true);
  ASSERT_FALSE(fault);
  EXPECT_EQ(fault.error().trail, "fault cut: no agent has role=edge");
}

TEST(Placement, AFaultThatSaysNotWhereIsTheFirstLocalAgentsAlone) {
  const auto local = place(scenario({}, {}), {{}, {}}, false);
  ASSERT_TRUE(ok(local));
  EXPECT_THAT((*local)[0].faults, ElementsAre("cut"));
  EXPECT_THAT((*local)[1].faults, IsEmpty());
  EXPECT_TRUE(ok(place(scenario({}, {}), {kFra}, true)));
  EXPECT_FALSE(place(scenario({}, {}), {kFra, kAms}, true));
}

scenarios::Scenario with_link(const Labels& load_on, const Labels& fault_on) {
  scenarios::Scenario made = scenario(load_on, fault_on);
  made.loads[0].target = "edge";
  made.loads[1].target = "other";
  faults::LinkFault link;
  link.target = "edge";
  made.faults[0].what = link;
  return made;
}

TEST(Placement, AFaultOfALinkStandsAtEachAgentWhoseLoadGoesThroughIt) {
  const auto placed = place(with_link({{"role", "load"}}, {}), {kAms, kEdge, kFra}, true);
  ASSERT_TRUE(ok(placed));
  EXPECT_THAT((*placed)[0].faults, ElementsAre("cut"));
  EXPECT_THAT((*placed)[1].faults, IsEmpty());
  EXPECT_THAT((*placed)[2].faults, ElementsAre("cut"));
  const auto local = place(with_link({}, {}), {{}, {}}, false);
  ASSERT_TRUE(ok(local));
  EXPECT_THAT((*local)[0].faults, ElementsAre("cut"));
  EXPECT_THAT((*local)[1].faults, ElementsAre("cut"));
}

TEST(Placement, AFaultOfALinkStandsOnlyWhereItsLabelsMatch) {
  const auto placed =
      place(with_link({{"role", "load"}}, {{"zone", "fra"}}), {kAms, kEdge, kFra}, true);
  ASSERT_TRUE(ok(placed));
  EXPECT_THAT((*placed)[0].faults, IsEmpty());
  EXPECT_THAT((*placed)[1].faults, IsEmpty());
  EXPECT_THAT((*placed)[2].faults, ElementsAre("cut"));
  const auto nowhere = place(with_link({{"zone", "ams"}}, {{"zone", "fra"}}), {kAms, kEdge}, true);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().trail, "fault cut: no agent of its 'on' offers a load to edge");
}

TEST(Placement, LocalAgentsCannotAllListenInOnePlace) {
  scenarios::Scenario made = with_link({}, {});
  std::get<faults::LinkFault>(made.faults[0].what).listen = "127.0.0.1:9443";
  const auto placed = place(made, {{}, {}}, false);
  ASSERT_FALSE(placed);
  EXPECT_EQ(placed.error().trail,
            "fault cut: 2 agents of one machine cannot all listen on 127.0.0.1:9443");
  EXPECT_TRUE(ok(place(made, {{}}, false)));
  EXPECT_TRUE(ok(place(made, {kAms, kFra}, true)));
}

/// When everything is due that these agents offer of the first load.
std::multiset<Duration> due_times(generators::Arrivals kind, const std::vector<Labels>& agents) {
  const auto made = generators::OpenSchedule::make({{Rate{10}, Rate{300}, 3s}});
  EXPECT_TRUE(ok(made));
  const auto schedule = std::make_shared<const generators::OpenSchedule>(*made);
  std::multiset<Duration> due;
  const auto placed = place(scenario({}, {}), agents, false);
  EXPECT_TRUE(ok(placed));
  for (const Placed& agent : *placed) {
    const LoadPart& part = agent.loads.front();
    generators::ArrivalWalk walk(schedule, kind, 7, {0, 1, part.turns, part.count});
    for (; walk.peek(); walk.pop()) due.insert(walk.peek()->due);
  }
  return due;
}

Labels weighing(int weight) { return {{"weight", std::to_string(weight)}}; }

TEST(Placement, OneAgentAndFiveHaveTheSameDueTimesWhateverTheirWeights) {
  for (const auto kind : {generators::Arrivals::kConstant, generators::Arrivals::kPoisson}) {
    const auto of_one = due_times(kind, {{}});
    EXPECT_GT(of_one.size(), 300U);
    EXPECT_EQ(due_times(kind, std::vector<Labels>(5)), of_one);
    std::minstd_rand dice(7);
    for (int round = 0; round < 20; ++round) {
      std::vector<Labels> agents;
      for (int i = 0; i < 5; ++i) {
        agents.push_back(weighing(std::uniform_int_distribution(1, 100)(dice)));
      }
      EXPECT_EQ(due_times(kind, agents), of_one) << testing::PrintToString(agents);
    }
  }
}

TEST(Placement, DividesALoadByWeight) {
  const auto placed =
      place(scenario({}, {}), {weighing(40), weighing(20), {{"weight", "20"}}}, false);
  ASSERT_TRUE(ok(placed));
  EXPECT_THAT((*placed)[0].loads.front().turns, ElementsAre(0, 3));
  EXPECT_THAT((*placed)[1].loads.front().turns, ElementsAre(1));
  EXPECT_THAT((*placed)[2].loads.front().turns, ElementsAre(2));
  EXPECT_EQ((*placed)[0].loads.front().count, 4U);
}

TEST(Placement, TurnsOfWhoWeighsMoreAreSpreadOverTheRound) {
  for (const std::vector<std::uint32_t>& weights :
       std::vector<std::vector<std::uint32_t>>{{3, 1}, {5, 3, 2}, {100, 1, 1}, {7, 7, 13}}) {
    const auto turns = turns_of(weights);
    const std::uint32_t round = std::accumulate(weights.begin(), weights.end(), 0U);
    std::set<std::uint32_t> all;
    for (std::size_t agent = 0; agent < weights.size(); ++agent) {
      ASSERT_EQ(turns[agent].size(), weights[agent]);
      all.insert(turns[agent].begin(), turns[agent].end());
      // Nobody has many more turns in any stretch than the stretch is worth: no volleys.
      const double apart = static_cast<double>(round) / weights[agent];
      for (std::size_t i = 0; i < turns[agent].size(); ++i) {
        EXPECT_NEAR(turns[agent][i], apart * (static_cast<double>(i) + 0.5),
                    static_cast<double>(weights.size()));
      }
    }
    EXPECT_EQ(all.size(), round);
    EXPECT_EQ(*all.rbegin(), round - 1);
  }
}

TEST(Placement, DividesTheUsersOfAClosedLoadByWeightToo) {
  scenarios::Scenario scenario = coordinator::scenario({}, {});
  scenario.loads.front().schedule = generators::ClosedSpec{.users = 10, .length = 1s, .think = {}};
  const auto placed = place(scenario, {weighing(3), {}}, false);
  ASSERT_TRUE(ok(placed));
  EXPECT_EQ((*placed)[0].loads.front().users + (*placed)[1].loads.front().users, 10U);
  EXPECT_NEAR(static_cast<double>((*placed)[0].loads.front().users), 7.5, 1);
}

TEST(Placement, DividesUsersAmongThoseWhoTakeThemUp) {
  EXPECT_THAT(divide(10, {1, 1, 1}), ElementsAre(3, 3, 4));
  EXPECT_THAT(divide(10, {3, 1}), ElementsAre(7, 3));
  EXPECT_THAT(divide(1, {1, 1, 1}), ElementsAre(0, 0, 1));
}

TEST(Placement, SaysWhatIsNoWeight) {
  for (const char* text : {"0", "101", "-1", "2x", "heavy"}) {
    const auto weight = weight_of({{"weight", text}});
    ASSERT_FALSE(weight) << text;
    EXPECT_EQ(weight.error().trail,
              std::string("label weight=") + text + ": expected a whole number from 1 to 100");
  }
  EXPECT_EQ(*weight_of(kFra), 1U);
  EXPECT_EQ(*weight_of(weighing(100)), 100U);
}

}  // namespace
}  // namespace squall::coordinator
