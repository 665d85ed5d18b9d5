#include "scenarios/plan/absence.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::scenarios {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Way = AbsenceTiming::Way;

/// Two web servers and a cache under a load of 60 s.
Scenario two_and_a_cache() {
  Scenario scenario;
  ServiceSpec web;
  web.name = "web";
  web.count = 2;
  ServiceSpec cache;
  cache.name = "cache";
  scenario.services = {web, cache};
  scenario.domains.push_back({.name = "rack-a", .members = {"web.1", "cache"}});
  generators::LoadSpec load;
  load.name = "browse";
  generators::OpenSpec open;
  open.stages.push_back({{100}, {100}, 60s});
  load.schedule = open;
  scenario.loads.push_back(load);
  return scenario;
}

std::vector<std::string> names(const std::vector<Absence>& absences) {
  std::vector<std::string> found;
  for (const Absence& absence : absences) found.push_back(absence.name);
  return found;
}

TEST(Absence, IsOfEachInstanceEachServiceAndEachDomain) {
  const auto all = absences_of(two_and_a_cache());
  EXPECT_THAT(names(all), ElementsAre("web.1", "web.2", "web", "cache", "rack-a"));
  EXPECT_EQ(all[0].kind, Absence::Kind::kInstance);
  EXPECT_EQ(all[2].kind, Absence::Kind::kService);
  EXPECT_EQ(all[4].kind, Absence::Kind::kDomain);
  EXPECT_THAT(all[4].members, ElementsAre("web.1", "cache"));
}

TEST(Absence, LastsTwoFifthsOfTheLoadAfterAQuarterOfIt) {
  const auto timing = absence_timing(two_and_a_cache(), Way::kFreeze, {}, {});
  ASSERT_TRUE(timing);
  EXPECT_EQ(timing->from, 15s);
  EXPECT_EQ(timing->length, 24s);
}

TEST(Absence, OfWhatIsKilledLastsToTheEndOfTheLoad) {
  const auto timing = absence_timing(two_and_a_cache(), Way::kKill, 20s, {});
  ASSERT_TRUE(timing);
  EXPECT_EQ(timing->length, 40s);
  EXPECT_FALSE(absence_timing(two_and_a_cache(), Way::kKill, 20s, 10s));
}

TEST(Absence, MustFitIntoTheLoad) {
  EXPECT_TRUE(absence_timing(two_and_a_cache(), Way::kFreeze, 40s, 20s));
  const auto late = absence_timing(two_and_a_cache(), Way::kFreeze, 41s, 20s);
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().trail, HasSubstr("does not fit"));
  EXPECT_FALSE(absence_timing(two_and_a_cache(), Way::kFreeze, 0s, 20s));
}

TEST(Absence, IsAFaultForEachMemberAndNoneOfTheScenariosOwn) {
  Scenario scenario = two_and_a_cache();
  ObjectiveSpec recovers;
  recovers.name = "recovers";
  recovers.after = "pause";
  ObjectiveSpec available;
  available.name = "available";
  scenario.objectives = {available, recovers};
  GuardSpec burning;
  burning.name = "burning";
  burning.when.emplace();
  burning.when->figure = GuardCondition::Figure::kBurnRate;
  burning.when->of = "recovers";
  scenario.guards = {burning};
  const auto change = change_for(absences_of(scenario)[4], {Way::kFreeze, 15s, 24s}, scenario);
  EXPECT_THAT(change.left_out,
              ElementsAre("objectives.recovers", "guards.burning", "faults", "capacity", "matrix"));
  EXPECT_THAT(change.set,
              ElementsAre(Pair("faults",
                               "{away: {at: 15s, for: 24s, process: {signal: STOP, match: "
                               "{service: \"web.1\"}}}, away-2: {at: 15s, for: 24s, process: "
                               "{signal: STOP, match: {service: \"cache\"}}}}")));
}

TEST(Absence, OfWhatIsKilledKeepsItDown) {
  const Scenario scenario = two_and_a_cache();
  const auto change = change_for(absences_of(scenario)[0], {Way::kKill, 15s, 45s}, scenario);
  EXPECT_THAT(change.set,
              ElementsAre(Pair("services.web.restart", "never"),
                          Pair("faults",
                               "{away: {at: 15s, process: {signal: KILL, match: {service: "
                               "\"web.1\"}}}}")));
}

}  // namespace
}  // namespace squall::scenarios
