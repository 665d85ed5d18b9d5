#include "scenarios/parse/overrides.h"

#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace squall::scenarios {
namespace {

constexpr const char* kText = R"(squall: 1
name: x
vars: {host: a.example}
targets:
  edge: {url: "https://${host}", resolve: {a.example: [127.0.0.1]}}
load:
  browse:
    target: edge
    open: {stages: [{rate: 10/s, for: 10s}, {rate: 20/s, for: 10s}]}
    requests: [{get: /}]
)";

ParseOutcome with(std::vector<Override> overrides) {
  ParseOptions options;
  options.overrides = std::move(overrides);
  return parse(kText, "x.yaml", options);
}

Scenario scenario_with(std::vector<Override> overrides) {
  const auto outcome = with(std::move(overrides));
  const auto* made = std::get_if<ParsedScenario>(&outcome);
  EXPECT_NE(made, nullptr);
  return made == nullptr ? Scenario{} : made->scenario;
}

std::string mistake_with(const std::string& path, const std::string& value) {
  const auto outcome = with({{path, value}});
  const auto* mistakes = std::get_if<std::vector<Mistake>>(&outcome);
  if (mistakes == nullptr) return "";
  return mistakes->size() == 1 ? mistakes->front().text() : "several mistakes";
}

TEST(Overrides, ReachMapsByNameAndListsByIndex) {
  const auto scenario = scenario_with({{"load.browse.open.stages.1.rate", "2000/s"}});
  const auto& open = std::get<generators::OpenSpec>(scenario.loads[0].schedule);
  EXPECT_EQ(open.stages[0].to.per_second, 10);
  EXPECT_EQ(open.stages[1].to.per_second, 2000);
}

TEST(Overrides, AddKeysThatTheLanguageKnows) {
  const auto scenario = scenario_with({{"targets.edge.reconnect.after", "1s"},
                                       {"targets.edge.tls", "{verify: false}"},
                                       {"seed", "3"}});
  EXPECT_EQ(scenario.targets[0].reconnect.after, std::chrono::seconds(1));
  EXPECT_FALSE(scenario.targets[0].tls.verify);
  EXPECT_EQ(scenario.seed, 3U);
}

TEST(Overrides, ReachNamesThatHoldDots) {
  const auto scenario = scenario_with({{"targets.edge.resolve.a.example", "[127.0.0.2]"}});
  EXPECT_EQ(scenario.targets[0].resolve.at("a.example").front(), "127.0.0.2");
}

TEST(Overrides, ChangeVarsBeforeTheyAreRead) {
  const auto scenario =
      scenario_with({{"vars.host", "b"}, {"targets.edge.resolve", "{b: 127.0.0.1}"}});
  EXPECT_EQ(scenario.targets[0].urls[0].host, "b");
}

TEST(Overrides, ReplaceAWholeStage) {
  const auto scenario = scenario_with({{"load.browse.open.stages", "[{rate: 1/s, for: 1s}]"}});
  EXPECT_EQ(scenario.loads[0].length(), std::chrono::seconds(1));
}

TEST(Overrides, NameTheNearestWordOfAPathThatCannotBe) {
  EXPECT_EQ(mistake_with("load.brwse.at", "1s"),
            "--set load.brwse.at=1s: there is no 'brwse' in 'load', did you mean 'browse'?");
  EXPECT_EQ(mistake_with("load.browse.opne.stages.0.rate", "1/s"),
            "--set load.browse.opne.stages.0.rate=1/s: unknown key 'opne': expected closed, at,"
            " flow, cookies, replay, expect, on or canary");
  EXPECT_EQ(mistake_with("sede", "1"), "--set sede=1: unknown key 'sede', did you mean 'seed'?");
  EXPECT_EQ(mistake_with("load.browse.open.stages.2.rate", "1/s"),
            "--set load.browse.open.stages.2.rate=1/s: 'load.browse.open.stages' is a list:"
            " expected an index from 0 to 1, found '2'");
  EXPECT_EQ(mistake_with("name.first", "x"),
            "--set name.first=x: 'name' is 'x': there is nothing inside it");
  EXPECT_EQ(mistake_with("", "x"),
            "--set =x: an empty path: expected one such as seed or load.browse.at");
}

TEST(Overrides, TellAWrongValueByTheirOwnName) {
  EXPECT_EQ(mistake_with("targets.edge.timeout", "10"),
            "--set targets.edge.timeout=10: '10' has no unit: expected a duration such as 250ms,"
            " 10s, 5m");
  EXPECT_EQ(mistake_with("seed", "[1"), "--set seed=[1: not YAML: end of sequence flow not found");
}

}  // namespace
}  // namespace squall::scenarios
