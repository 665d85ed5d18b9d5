#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scenarios/parse/parse.h"
#include "scenarios/plan/plan.h"

#include "tests/support/result_matchers.h"

namespace squall::scenarios {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

/// A scenario with one load of 60 s, which begins at 2 s, and these faults.
Scenario with_faults(const std::string& faults, const std::string& rest = "") {
  const std::string text = R"(squall: 1
name: x
services:
  web: {command: [a], count: 2}
targets:
  edge: {url: "http://127.0.0.1:8080"}
load:
  browse:
    target: edge
    at: 2s
    open: {stages: [{rate: 0/s .. 100/s, for: 10s}, {rate: 100/s, for: 48s}]}
    requests: [{get: /}]
)" + rest + "faults:\n" + faults;
  const auto outcome = parse(text, "x.yaml", {});
  if (const auto* mistakes = std::get_if<std::vector<Mistake>>(&outcome)) {
    ADD_FAILURE() << mistakes->front().text();
    return {};
  }
  return std::get<ParsedScenario>(outcome).scenario;
}

constexpr const char* kKill = "process: {signal: KILL, match: {service: web}, pick: 1}";
constexpr const char* kStop = "for: 5s, process: {signal: STOP, match: {service: web}}";

std::string fault(const std::string& name, const std::string& start, const std::string& what) {
  return "  " + name + ": {" + start + ", " + what + "}\n";
}

TEST(Compile, FollowsChainsOfAfterInAnyOrderOfTheFile) {
  auto plan =
      compile(with_faults(fault("c", "after: b", kKill) + fault("b", "after: a + 1500ms", kStop) +
                          fault("a", "at: 10s", kStop)));
  ASSERT_TRUE(ok(plan));
  ASSERT_EQ(plan->faults.size(), 3U);
  EXPECT_EQ(plan->faults[0].name, "a");
  EXPECT_EQ(plan->faults[1].from, milliseconds(16500));
  EXPECT_EQ(plan->faults[1].to, milliseconds(21500));
  EXPECT_EQ(plan->faults[2].from, milliseconds(21500));
  EXPECT_FALSE(plan->faults[2].to);
}

TEST(Compile, RepeatsAFaultWhileTheLoadLasts) {
  auto plan = compile(with_faults(fault("k", "every: 20s", kKill)));
  ASSERT_TRUE(ok(plan));
  ASSERT_EQ(plan->faults.size(), 2U) << "at 20 s and 40 s: at 60 s the load has ended";
  EXPECT_EQ(plan->faults[0].label, "k");
  EXPECT_EQ(plan->faults[1].label, "k#2");
  EXPECT_EQ(plan->faults[1].from, seconds(40));
  EXPECT_EQ(plan->faults[1].what, "signal KILL to 1 of 2 of service web (seeded pick)");
}

/// What a search for the capacity of browse needs, with these rows.
std::string rows(const std::string& matrix) {
  return "objectives: {fast: {load: browse, within: 1s, goal: 99%}}\n"
         "capacity: {search: browse, within: 10/s .. 100/s, deadline: 100s}\n"
         "matrix: " +
         matrix + "\n";
}

TEST(Compile, PutsTheRowsOfAMatrixAsLateAsTheyMayBegin) {
  // The load begins at 2 s; a row lasts 100 s at most, and 90 s may lie between two.
  auto plan = compile(
      with_faults(fault("k", "at: 3s", kKill) + fault("s", "at: 1s", kStop), rows("[k, [s, k]]")));
  ASSERT_TRUE(ok(plan));
  ASSERT_EQ(plan->rows.size(), 3U);
  EXPECT_EQ(plan->rows[0].name, "without faults");
  EXPECT_EQ(plan->rows[2].name, "s + k");
  EXPECT_EQ(plan->rows[2].from, seconds(2 + 2 * 190));
  EXPECT_EQ(plan->length, seconds(2 + 2 * 190 + 100));
  ASSERT_EQ(plan->faults.size(), 3U);
  EXPECT_EQ(plan->faults[0].label, "k");
  EXPECT_EQ(plan->faults[0].row, 1U);
  EXPECT_EQ(plan->faults[0].from, seconds(2 + 190 + 3));
  EXPECT_EQ(plan->faults[0].to, seconds(2 + 190 + 100)) << "what is killed stays away for its row";
  EXPECT_EQ(plan->faults[1].label, "s");
  EXPECT_EQ(plan->faults[1].to, seconds(2 + 2 * 190 + 1 + 5));
  EXPECT_EQ(plan->faults[2].label, "k#2") << "the second time that it is used";
}

TEST(Compile, RefusesAFaultThatComesAfterTheEndOfItsRow) {
  auto plan = compile(with_faults(fault("k", "at: 100s", kKill), rows("[k]")));
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().trail, HasSubstr("fault k: it begins at 100 s of its row"));
}

TEST(Compile, RefusesTwoFaultsOfOneLinkInOneRowButNotInTwo) {
  const std::string link = "for: 50s, link: {target: edge, delay: 1ms}";
  const std::string both = fault("a", "at: 1s", link) + fault("b", "at: 2s", link);
  EXPECT_TRUE(ok(compile(with_faults(both, rows("[a, b]")))));
  auto plan = compile(with_faults(both, rows("[[a, b]]")));
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().trail, HasSubstr("is still in force on the link"));
}

TEST(Compile, RefusesFaultsOfOneInterfaceOnlyWhereTheyMayMeetTheSamePackets) {
  const auto at_port = [](const std::string& port) {
    return "for: 10s, network: {interface: lo, to: {port: " + port + "}, loss: 1%}";
  };
  EXPECT_TRUE(ok(compile(
      with_faults(fault("a", "at: 1s", at_port("80")) + fault("b", "at: 2s", at_port("81"))))));
  EXPECT_TRUE(ok(compile(
      with_faults(fault("a", "at: 1s", at_port("80")) + fault("b", "at: 11s", at_port("80"))))));
  auto plan = compile(
      with_faults(fault("a", "at: 1s", at_port("80")) + fault("b", "at: 2s", at_port("80"))));
  ASSERT_FALSE(plan);
  EXPECT_THAT(
      plan.error().trail,
      HasSubstr("when a is still in force on lo and may meet the same packets: those that go out"));
}

TEST(Compile, RefusesADuplicatingFaultBesideAnotherThatNeedsNetem) {
  const auto at_port = [](const std::string& port, const std::string& effect) {
    return "for: 10s, network: {interface: lo, to: {port: " + port + "}, " + effect + "}";
  };
  const auto compiled = [&](const std::string& start, const std::string& effect) {
    return compile(with_faults(fault("a", "at: 1s", at_port("80", "delay: 40ms")) +
                               fault("b", start, at_port("81", effect))));
  };
  EXPECT_TRUE(ok(compiled("at: 11s", "duplicate: 1%")));
  EXPECT_TRUE(ok(compiled("at: 2s", "duplicate: 1%, direction: in")));
  auto plan = compiled("at: 2s", "duplicate: 1%");
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().trail,
              HasSubstr("fault b: it begins at 2 s, when a is still in force on lo; one of them "
                        "duplicates what goes out"));
}

TEST(Compile, RefusesTwoFaultsAtATimeOnTheLimitOfFilesOfTheSameProcesses) {
  const auto of = [](const std::string& match) {
    return "for: 10s, descriptors: {share: 80%, of: {" + match + "}}";
  };
  const auto compiled = [&](const std::string& one, const std::string& other,
                            const std::string& at = "at: 2s") {
    return compile(with_faults(fault("a", "at: 1s", of(one)) + fault("b", at, of(other))));
  };
  EXPECT_TRUE(ok(compiled("service: web", "service: web", "at: 11s")));
  EXPECT_TRUE(ok(compiled("service: web.1", "service: web.2")));
  EXPECT_TRUE(ok(compiled("service: web", "name: nginx")));
  EXPECT_TRUE(ok(compile(with_faults(fault("a", "at: 1s", of("service: web")) +
                                     fault("b", "at: 2s", "for: 10s, descriptors: {count: 9}")))));
  for (const auto& [one, other] :
       {std::pair("service: web", "service: web"), std::pair("service: web", "service: web.2"),
        std::pair("service: web.2", "service: web"), std::pair("name: nginx", "name: nginx")}) {
    auto plan = compiled(one, other);
    ASSERT_FALSE(plan) << one << " and " << other;
    EXPECT_THAT(plan.error().trail,
                HasSubstr("fault b: it begins at 2 s, when a is still in force on how many files "
                          "the same processes may open"));
  }
  auto repeated = compile(with_faults(fault("a", "every: 12s", of("service: web")) +
                                      fault("b", "at: 30s", of("service: web"))));
  ASSERT_FALSE(repeated);
  EXPECT_THAT(repeated.error().trail, HasSubstr("when a#2 is still in force"));
}

TEST(Compile, LastsUntilTheLastLoadOrFaultEnds) {
  EXPECT_EQ(compile(with_faults(fault("a", "at: 1s", kStop)))->length, seconds(60));
  EXPECT_EQ(compile(with_faults(fault("a", "at: 59s", kStop)))->length, seconds(64));
}

TEST(Compile, RefusesAFaultThatNobodyWouldSee) {
  auto plan = compile(with_faults(fault("late", "at: 60s", kKill)));
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().trail,
              HasSubstr("fault late: it begins at 60 s, when the load has ended (60 s)"));
}

TEST(Compile, RefusesAPlanThatIsLongerThanSafetyAllows) {
  auto plan = compile(with_faults(fault("a", "at: 1s", kStop), "safety: {longest: 50s}\n"));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().trail, "the plan lasts 60 s, but safety.longest allows 50 s");
}

TEST(Compile, RefusesARingOfFaultsThatNoParserSaw) {
  Scenario scenario = with_faults(fault("a", "at: 1s", kStop) + fault("b", "after: a", kStop));
  scenario.faults[0].start = {std::nullopt, "b", {}, std::nullopt};
  auto plan = compile(scenario);
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().trail, HasSubstr("waits for itself"));
}

TEST(Compile, RefusesMoreApplicationsThanAnyoneCouldRead) {
  EXPECT_FALSE(compile(with_faults(fault("k", "every: 1ms", kKill))));
}

TEST(RateAt, FollowsTheStagesFromWhereTheLoadBegins) {
  const auto load = with_faults(fault("a", "at: 1s", kStop)).loads[0];
  EXPECT_EQ(Plan::rate_at(load, seconds(1)).per_second, 0);
  EXPECT_EQ(Plan::rate_at(load, seconds(7)).per_second, 50);
  EXPECT_EQ(Plan::rate_at(load, seconds(12)).per_second, 100);
  EXPECT_EQ(Plan::rate_at(load, seconds(59)).per_second, 100);
  EXPECT_EQ(Plan::rate_at(load, seconds(60)).per_second, 0);
}

constexpr const char* kLink = "for: 5s, link: {target: edge, delay: 40ms, loss: 2%}";

TEST(Compile, RefusesTwoFaultsAtOnceOnOneLink) {
  auto plan = compile(with_faults(fault("a", "at: 10s", kLink) + fault("b", "at: 14s", kLink)));
  ASSERT_FALSE(plan);
  EXPECT_THAT(plan.error().message(), HasSubstr("fault b: it begins at 14 s, when a is still in"
                                                " force on the link to target edge"));
  EXPECT_TRUE(
      ok(compile(with_faults(fault("a", "at: 10s", kLink) + fault("b", "at: 15s", kLink)))));
}

TEST(Compile, SaysWhatALinkDoes) {
  auto plan = compile(with_faults(fault("a", "at: 10s", kLink)));
  ASSERT_TRUE(ok(plan));
  EXPECT_EQ(plan->faults[0].what,
            "link to target edge: delay 40 ms, loss 2 %, by a relay at a free port of 127.0.0.1");
}

TEST(Compile, RefusesAnObjectiveOnAPhaseThatDoesNotCome) {
  // a is in force from 10 to 15 s, b from 20 to 25 s of 60: before a, between a and b, after b.
  const std::string faults = fault("a", "at: 10s", kStop) + fault("b", "at: 20s", kStop);
  const auto with_phase = [&](const std::string& phase) {
    return compile(with_faults(
        faults, "objectives: {o: {load: browse, within: 1s, goal: 99%, during: " + phase + "}}\n"));
  };
  EXPECT_TRUE(ok(with_phase("before a")));
  EXPECT_TRUE(ok(with_phase("after b")));
  auto refused = with_phase("before b");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().trail,
              HasSubstr("objective o: no phase is 'before b'; there are 'before a', 'during a', "
                        "'between a and b', 'during b', 'after b'"));
}

TEST(Compile, APhaseAfterAFaultThatComesAgainIsThatAfterItsLastTime) {
  // At 20 and 40 s of 60: the last phase is "after a#2".
  EXPECT_TRUE(ok(compile(
      with_faults(fault("a", "every: 20s", kStop),
                  "objectives: {o: {load: browse, within: 1s, goal: 99%, during: after a}}\n"))));
}

}  // namespace
}  // namespace squall::scenarios
