#include "reports/json/read_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/json/results_json.h"
#include "reports/judge/comparisons.h"

#include "tests/support/result_matchers.h"
#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using testing::HasSubstr;

TEST(ReadResults, GivesBackWhatWasJudgedButTheHistograms) {
  RunRecord record = eventful_run().record();
  record.machine = Machine{
      .cpu = "abacus", .cores = 2, .memory_bytes = 8000, .kernel = "Linux 6", .squall = "0.1.0"};
  const RunResult result = judge(record);
  const auto read = read_results(write_results_json(result));
  ASSERT_TRUE(ok(read));
  const ComparedRun wanted = compared_run(result, "");
  EXPECT_EQ((*read).run, wanted.run);
  EXPECT_EQ((*read).verdict, wanted.verdict);
  EXPECT_EQ((*read).machine, wanted.machine);
  EXPECT_EQ((*read).agents, wanted.agents);
  ASSERT_EQ((*read).loads.size(), wanted.loads.size());
  for (const ComparedLoad& load : (*read).loads) {
    const auto same = std::find_if(wanted.loads.begin(), wanted.loads.end(),
                                   [&](const ComparedLoad& one) { return one.name == load.name; });
    ASSERT_NE(same, wanted.loads.end());
    EXPECT_EQ(load.open, same->open);
    EXPECT_EQ(load.from, same->from);
    ASSERT_EQ(load.seconds.size(), same->seconds.size());
    for (std::size_t i = 0; i < load.seconds.size(); ++i) {
      EXPECT_EQ(load.seconds[i].due, same->seconds[i].due);
      EXPECT_EQ(load.seconds[i].not_ok, same->seconds[i].not_ok);
      EXPECT_EQ(load.seconds[i].completed, same->seconds[i].completed);
    }
    ASSERT_EQ(load.phases.size(), same->phases.size());
    for (std::size_t i = 0; i < load.phases.size(); ++i) {
      EXPECT_EQ(load.phases[i].name, same->phases[i].name);
      EXPECT_EQ(load.phases[i].from, same->phases[i].from);
      EXPECT_EQ(load.phases[i].to, same->phases[i].to);
    }
  }
  ASSERT_EQ((*read).objectives.size(), wanted.objectives.size());
  for (const ComparedObjective& objective : (*read).objectives) {
    const auto same =
        std::find_if(wanted.objectives.begin(), wanted.objectives.end(),
                     [&](const ComparedObjective& one) { return one.name == objective.name; });
    ASSERT_NE(same, wanted.objectives.end());
    EXPECT_FALSE(objective.answer.empty());
    EXPECT_EQ(objective.answer, same->answer);
    EXPECT_FALSE(objective.samples.empty());
    EXPECT_EQ(objective.samples.size(), objective.bad.size());
  }
}

TEST(ReadResults, NamesWhatItCannotTake) {
  const auto complaint = [](std::string_view text) {
    const auto read = read_results(text);
    return read ? std::string("fine") : read.error().message();
  };
  EXPECT_THAT(complaint("{"), HasSubstr("no results.json of squall"));
  EXPECT_THAT(complaint("{\"squall\": 2}"), HasSubstr("no results.json of squall"));
  EXPECT_THAT(complaint("{\"squall\": 1}"), HasSubstr("run: expected a text"));
  const std::string begin =
      R"({"squall": 1, "run": "r", "scenario": "s", "verdict": "pass", "load": )";
  EXPECT_THAT(complaint(begin + "[]}"), HasSubstr("load: expected loads by their names"));
  EXPECT_EQ(complaint(begin + "{}}"), "fine");
  EXPECT_THAT(complaint(begin + R"({"a": {"from_s": 0, "to_s": 1e9}}})"),
              HasSubstr("load a: to_s: expected seconds of a run"));
  EXPECT_THAT(
      complaint(begin + R"({"a": {"from_s": 0, "to_s": 1, "series": {"t_s": [0], "due": [-1]}}}})"),
      HasSubstr("load a: due: expected a list of numbers"));
  EXPECT_THAT(
      complaint(
          begin +
          R"({"a": {"from_s": 0, "to_s": 1, "phases": [], "series": {"t_s": [0], "due": [1, 2], "not_ok": [0, 0], "completed": [1, 2]}}}})"),
      HasSubstr("lists of one length"));
}

}  // namespace
}  // namespace squall::reports
