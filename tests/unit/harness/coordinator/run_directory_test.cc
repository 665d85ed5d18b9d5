#include "harness/coordinator/run_directory.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "tests/support/result_matchers.h"

namespace squall::coordinator {
namespace {

namespace fs = std::filesystem;

/// Works in a folder of its own.
class RunDirectoryTest : public testing::Test {
 protected:
  RunDirectoryTest() : before_(fs::current_path()) {
    std::string path = testing::TempDir() + "squall-runs-XXXXXX";
    folder_ = mkdtemp(path.data());
    fs::current_path(folder_);
  }
  void TearDown() override {
    fs::current_path(before_);
    fs::remove_all(folder_);
  }

  fs::path before_;
  fs::path folder_;
  WallTime noon_ = std::chrono::system_clock::from_time_t(1'795'608'000);  // 2026-11-25 12:00 UTC
};

TEST_F(RunDirectoryTest, IsNamedAfterScenarioAndTimeAndPointedAtAsLatest) {
  const auto directory = RunDirectory::make(std::nullopt, "smoke", noon_);
  ASSERT_TRUE(ok(directory));
  EXPECT_EQ(directory->shown(), "runs/smoke-20261125-120000");
  EXPECT_EQ(fs::canonical("runs/latest"), fs::canonical(directory->path()));
}

TEST_F(RunDirectoryTest, KeepsTwoRunsOfOneSecondApart) {
  const auto first = RunDirectory::make(std::nullopt, "smoke", noon_);
  const auto second = RunDirectory::make(std::nullopt, "smoke", noon_);
  ASSERT_TRUE(ok(first));
  ASSERT_TRUE(ok(second));
  EXPECT_NE(first->path(), second->path());
  EXPECT_EQ(fs::canonical("runs/latest"), fs::canonical(second->path()));
}

TEST_F(RunDirectoryTest, LetsNoNameLeadOutOfTheFolderOfRuns) {
  const auto directory = RunDirectory::make(std::nullopt, "../../etc/x y", noon_);
  ASSERT_TRUE(ok(directory));
  EXPECT_EQ(directory->shown().parent_path(), "runs");
  EXPECT_EQ(fs::canonical(directory->path()).parent_path(), fs::canonical("runs"));
}

TEST_F(RunDirectoryTest, RefusesAFolderThatHoldsARun) {
  ASSERT_TRUE(ok(RunDirectory::make("out", "smoke", noon_)));
  ASSERT_TRUE(ok(RunDirectory::make("out", "smoke", noon_)));  // Nothing in it yet.
  std::ofstream("out/results.json") << "{}";
  const auto again = RunDirectory::make("out", "smoke", noon_);
  ASSERT_TRUE(failed_with(again, std::errc::file_exists));
}

TEST_F(RunDirectoryTest, WritesEveryFileOfTheContract) {
  const auto directory = RunDirectory::make("out", "smoke", noon_);
  ASSERT_TRUE(ok(directory));
  reports::RunRecord record;
  record.id = "r1";
  record.scenario.name = "smoke";
  record.started = noon_;
  ASSERT_TRUE(ok(directory->write(record, reports::judge(record), "squall: 1\n")));
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator("out")) {
    names.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("events.jsonl", "histograms.hlog", "junit.xml",
                                                   "report.html", "results.json", "scenario.yaml"));
}

TEST_F(RunDirectoryTest, NamesTheFileThatCannotBeWritten) {
  const auto directory = RunDirectory::make("out", "smoke", noon_);
  ASSERT_TRUE(ok(directory));
  fs::remove_all("out");
  const reports::RunRecord record;
  const auto written = directory->write(record, reports::judge(record), "squall: 1\n");
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message(), testing::HasSubstr("scenario.yaml"));
}

}  // namespace
}  // namespace squall::coordinator
