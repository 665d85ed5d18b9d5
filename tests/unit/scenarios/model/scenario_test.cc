#include "scenarios/model/scenario.h"

#include <gtest/gtest.h>

namespace squall::scenarios {
namespace {

TEST(ExpandForInstance, PutsInTheNumberAndThePort) {
  EXPECT_EQ(expand_for_instance("web.${instance}:${port(8443)}", 1), "web.1:8443");
  EXPECT_EQ(expand_for_instance("web.${instance}:${port(8443)}", 3), "web.3:8445");
}

TEST(ExpandForInstance, LeavesEverythingElse) {
  EXPECT_EQ(expand_for_instance("${host} ${port(x)} ${", 1), "${host} ${port(x)} ${");
  EXPECT_EQ(expand_for_instance("$${instance}", 1), "${instance}");
  EXPECT_EQ(expand_for_instance("", 1), "");
}

TEST(Scenario, FindsItsPartsByName) {
  Scenario scenario;
  scenario.loads.resize(2);
  scenario.loads[1].name = "browse";
  EXPECT_EQ(scenario.find_load("browse"), &scenario.loads[1]);
  EXPECT_EQ(scenario.find_load("other"), nullptr);
  EXPECT_EQ(scenario.find_target("browse"), nullptr);
}

}  // namespace
}  // namespace squall::scenarios
