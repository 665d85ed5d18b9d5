#include "faults/core/audit.h"

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;
using testing::SizeIs;
using Outcome = RecoveredChange::Outcome;

class Audit : public testing::Test {
 protected:
  std::vector<nlohmann::json> lines() {
    std::vector<nlohmann::json> all;
    std::ifstream log(audit_file(folder_.path()));
    for (std::string line; std::getline(log, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }
  Result<void> append(const AuditEntry& entry) {
    return append_audit(audit_file(folder_.path()), entry);
  }

  TemporaryFolder folder_;
};

TEST_F(Audit, SaysWhenWhoAndWhatInALineOfItsOwn) {
  ASSERT_TRUE(ok(append({"fault.applied", "r1", "slow-1", "delay 40 ms", "3 packets met"})));
  ASSERT_TRUE(
      ok(append({.what = "run.ended", .run = "r1", .subject = {}, .asked = {}, .detail = {}})));
  const auto all = lines();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_THAT(all[0]["at"].get<std::string>(),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}.[0-9]{3}Z"));
  EXPECT_EQ(all[0]["what"], "fault.applied");
  EXPECT_EQ(all[0]["run"], "r1");
  EXPECT_EQ(all[0]["subject"], "slow-1");
  EXPECT_EQ(all[0]["asked"], "delay 40 ms");
  EXPECT_EQ(all[0]["detail"], "3 packets met");
  EXPECT_EQ(all[0]["pid"], ::getpid());
  EXPECT_FALSE(all[0]["user"].get<std::string>().empty());
  EXPECT_FALSE(all[1].contains("asked")) << "what there is nothing to say of is left out";
}

TEST_F(Audit, IsForItsUserOnlyAndKeepsWhatIsThere) {
  ASSERT_TRUE(ok(append({"run.begun", "r1", {}, {}, {}})));
  struct stat found {};
  ASSERT_EQ(::stat(audit_file(folder_.path()).c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  ASSERT_TRUE(ok(append({"run.begun", "r2", {}, {}, {}})));
  EXPECT_THAT(lines(), SizeIs(2));
}

TEST_F(Audit, OfSeveralAtOnceHasEachLineWhole) {
  constexpr int kEach = 50;
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) {
          EXPECT_TRUE(ok(append({"note", "r", "s", std::string(500, 'x'), {}})));
        }
      });
    }
  }
  EXPECT_THAT(lines(), SizeIs(4 * kEach));
}

TEST_F(Audit, TakesBytesThatAreNoTextAndLineBreaks) {
  ASSERT_TRUE(ok(append({"note", "r", "web\xff\n2", {}, {}})));
  ASSERT_THAT(lines(), SizeIs(1));
  EXPECT_EQ(lines()[0]["subject"], "web\xef\xbf\xbd\n2");
}

TEST_F(Audit, SaysWhyItCouldNotBeWritten) {
  const auto kept = append_audit(folder_ / "no" / "audit.jsonl", {"note", {}, {}, {}, {}});
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, std::errc::no_such_file_or_directory);
  EXPECT_THAT(kept.error().message(), testing::HasSubstr("open the audit log"));
}

TEST_F(Audit, DoesNotFollowALinkThatSomebodyPutThere) {
  std::filesystem::create_symlink(folder_ / "elsewhere", audit_file(folder_.path()));
  EXPECT_FALSE(append({"note", {}, {}, {}, {}}));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "elsewhere"));
}

TEST(AuditOfARecovery, TellsOfEachChangeAndTrouble) {
  RecoveryReport report;
  report.changes = {
      {"/s/journals/r7/journal-1-2.jsonl", "SIGSTOP to web", "CONT", Outcome::kUndone, {}},
      {"/s/journals/r7/journal-1-2.jsonl", "start of x", "kill", Outcome::kFailed, "no"}};
  report.troubles = {"a journal could not be read"};
  std::vector<std::string> told;
  for (const AuditEntry& entry : audit_of(report, "reaper")) {
    told.push_back(entry.what + "|" + entry.run + "|" + entry.subject + "|" + entry.detail);
  }
  EXPECT_THAT(told,
              ElementsAre("reaper.undone|r7|SIGSTOP to web|", "reaper.residue|r7|start of x|no",
                          "reaper.trouble|||a journal could not be read"));
}

}  // namespace
}  // namespace squall::faults
