#include "harness/cli/scenario_files.h"

#include <gtest/gtest.h>

namespace squall::cli {
namespace {

TEST(ScenarioFiles, TellsEveryMistakeOfTheCommandLineAtOnce) {
  const ScenarioFiles read = read_scenarios(
      {.files = {"/no/such/one.yaml", "/no/such/two.yaml"}, .sets = {"no-equals-sign", "=5"}});
  const auto* mistakes = std::get_if<1>(&read);
  ASSERT_NE(mistakes, nullptr);
  ASSERT_EQ(mistakes->size(), 4U);
  EXPECT_EQ((*mistakes)[0].file, "--set no-equals-sign");
  EXPECT_NE((*mistakes)[2].text().find("one.yaml"), std::string::npos);
  EXPECT_NE((*mistakes)[3].text().find("two.yaml"), std::string::npos);
}

}  // namespace
}  // namespace squall::cli
