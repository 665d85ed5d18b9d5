#include "harness/agent/keepsake.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/base/files.h"
#include "harness/base/write_file.h"

#include "tests/support/result_matchers.h"
#include "tests/support/sample_run.h"
#include "tests/support/temporary_folder.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

/// Of a run with two loads this agent offers `browse`, 100/s for ten seconds.
class KeepsakeTest : public testing::Test {
 protected:
  KeepsakeTest() {
    run_.has_closed_load("players", 6);
    scenarios::ObjectiveSpec objective;
    objective.name = "smooth";
    objective.load = "players";
    run_.record().scenario.objectives.push_back(objective);
    wire::Share share;
    share.set_run_id("20261120T120000Z-7");
    share.set_scenario_text("squall: 1\n");
    share.add_loads()->set_load("browse");
    kept_.emplace("lon-1", share, run_.record().scenario, run_.record().plan);
  }

  /// In each of so many seconds a hundred requests fell due and were ok.
  void measures(std::int64_t seconds) {
    for (std::int64_t second = 0; second < seconds; ++second) {
      reports::Snapshot snapshot;
      snapshot.sequence = static_cast<std::uint64_t>(second) + 1;
      snapshot.second = second;
      reports::LoadSecond& cell = snapshot.cells.emplace_back();
      cell.load = "browse";
      cell.second = second;
      cell.cell.due = cell.cell.sent = cell.cell.completed = 100;
      cell.cell.ok = cell.cell.ok_by_due = 100;
      cell.cell.of(reports::Metric::kResponse).record(5ms);
      kept_->take(snapshot);
    }
  }

  nlohmann::json written() {
    const auto folder = kept_->write(state_.path());
    EXPECT_TRUE(ok(folder));
    EXPECT_EQ(*folder, state_ / "measured" / "20261120T120000Z-7.lon-1");
    EXPECT_EQ(*read_file(*folder / "scenario.yaml"), "squall: 1\n");
    EXPECT_THAT(*read_file(*folder / "histograms.hlog"), testing::HasSubstr("Tag=browse"));
    EXPECT_TRUE(std::filesystem::exists(*folder / "report.html"));
    return nlohmann::json::parse(*read_file(*folder / "results.json"));
  }

  reports::SampleRun run_;
  std::optional<Keepsake> kept_;
  TemporaryFolder state_;
};

TEST_F(KeepsakeTest, HoldsWhatThisAgentMeasuredOfItsOwnPart) {
  measures(3);
  kept_->end(3500ms, run_.record().started + 3500ms,
             "lon-1 ended its part early: the lease lapsed");
  const nlohmann::json results = written();
  EXPECT_EQ(results["run"], "20261120T120000Z-7");
  EXPECT_EQ(results["started"], "2026-11-20T12:00:00.000Z");
  EXPECT_EQ(results["verdict"], "error");
  EXPECT_THAT(results["reasons"][0], testing::HasSubstr("lon-1 ended its part early"));
  EXPECT_EQ(results["load"].size(), 1U);
  EXPECT_EQ(results["load"]["browse"]["ok"], 300);
  EXPECT_TRUE(results["objectives"].empty());
  EXPECT_EQ(results["agents"].size(), 1U);
}

TEST_F(KeepsakeTest, KnowsOfEachFaultWhatWasToldLast) {
  measures(1);
  reports::FaultRecord fault;
  fault.name = fault.label = "cut";
  fault.state = reports::FaultRecord::State::kInForce;
  fault.from = 1s;
  kept_->take(fault);
  fault.state = reports::FaultRecord::State::kUndone;
  fault.to = 2s;
  kept_->take(fault);
  kept_->take(reports::Event{
      .at = 1s, .agent = "lon-1", .kind = "fault.applied", .subject = "cut", .detail = {}});
  kept_->end(2s, run_.record().started + 2s, "the lease lapsed");
  const nlohmann::json results = written();
  EXPECT_EQ(results["faults"]["cut"]["state"], "undone");
  EXPECT_EQ(results["events"].size(), 1U);
}

TEST_F(KeepsakeTest, LeavesWhatAnotherOfItsNameHasKept) {
  measures(3);
  kept_->end(3s, run_.record().started + 3s, "the lease lapsed");
  EXPECT_EQ(written()["load"]["browse"]["ok"], 300);
  measures(4);
  const auto second = kept_->write(state_.path());
  ASSERT_TRUE(ok(second));
  EXPECT_EQ(*second, state_ / "measured" / "20261120T120000Z-7.lon-1.2");
  const auto third = kept_->write(state_.path());
  ASSERT_TRUE(ok(third));
  EXPECT_EQ(*third, state_ / "measured" / "20261120T120000Z-7.lon-1.3");
  const auto first = state_ / "measured" / "20261120T120000Z-7.lon-1" / "results.json";
  EXPECT_EQ(nlohmann::json::parse(*read_file(first))["load"]["browse"]["ok"], 300);
}

TEST_F(KeepsakeTest, SaysWhyItCannotBeWritten) {
  ASSERT_TRUE(write_file(state_ / "measured", "a file"));
  EXPECT_FALSE(kept_->write(state_.path()));
}

}  // namespace
}  // namespace squall::agent
