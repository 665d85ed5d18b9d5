#include "faults/core/reaper.h"

#include <csignal>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/process/procfs_table.h"

#include "tests/support/child_process.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

class ReaperTest : public testing::Test {
 protected:
  bool is_alive(pid_t pid) {
    auto info = table_.look_up(pid);
    return info && info->is_alive();
  }
  TemporaryFolder folder_;
  ProcfsTable table_;
};

TEST_F(ReaperTest, StandsInASessionOfItsOwnWithNoDescriptorOfOurs) {
  auto reaper = Reaper::start(SQUALL_AGENT_STAND_IN, folder_.path());
  ASSERT_TRUE(ok(reaper));
  const auto info = table_.look_up(reaper->pid());
  ASSERT_TRUE(ok(info));
  EXPECT_NE((*info).session, ::getsid(0));
  EXPECT_NE((*info).parent, ::getpid());
  int descriptors = 0;
  const auto place = "/proc/" + std::to_string(reaper->pid()) + "/fd";
  for ([[maybe_unused]] const auto& one : std::filesystem::directory_iterator(place)) ++descriptors;
  EXPECT_EQ(descriptors, 4);
  EXPECT_TRUE(ok(reaper->end()));
  EXPECT_TRUE(eventually(20s, [&] { return !is_alive((*info).id.pid); }));
  EXPECT_FALSE(exists(folder_ / "reaper.log"));
}

TEST_F(ReaperTest, IsNotMovedBySignalsThatEndOthers) {
  auto reaper = Reaper::start(SQUALL_AGENT_STAND_IN, folder_.path());
  ASSERT_TRUE(ok(reaper));
  for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGPIPE}) {
    ASSERT_EQ(::kill(reaper->pid(), signal), 0);
  }
  EXPECT_TRUE(ok(reaper->end()));
}

TEST_F(ReaperTest, IsMissedAsSoonAsItIsGone) {
  auto reaper = Reaper::start(SQUALL_AGENT_STAND_IN, folder_.path());
  ASSERT_TRUE(ok(reaper));
  reaper->expect_until(std::chrono::steady_clock::now() + 20s);
  EXPECT_TRUE(reaper->is_on_guard());
  ASSERT_EQ(::kill(reaper->pid(), SIGKILL), 0);
  EXPECT_TRUE(eventually(20s, [&] { return !reaper->is_on_guard(); }));
}

TEST_F(ReaperTest, EndsAnAgentThatIsNotHeardOfWhenItSaidItWouldBe) {
  const pid_t agent = ::fork();
  ASSERT_GE(agent, 0);
  if (agent == 0) {
    auto reaper = Reaper::start(SQUALL_AGENT_STAND_IN, folder_.path());
    if (!reaper) ::_exit(1);
    reaper->expect_until(std::chrono::steady_clock::now() + 300ms);
    ::raise(SIGSTOP);
    ::_exit(2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(agent, &status, 0), agent);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(ReaperTest, LetsAnAgentBeThatPutsItOffOrTakesItsTime) {
  auto reaper = Reaper::start(SQUALL_AGENT_STAND_IN, folder_.path());
  ASSERT_TRUE(ok(reaper));
  // Else this very process were ended.
  reaper->expect_until(std::chrono::steady_clock::now() + 20s);
  reaper->expect_until(Instant::max());
  EXPECT_TRUE(ok(reaper->end()));
}

TEST_F(ReaperTest, IsNotTakenForOnGuardWhenItCannotBeStarted) {
  EXPECT_TRUE(failed_with(Reaper::start(folder_ / "nothing", folder_.path()),
                          std::errc::no_such_file_or_directory));
  EXPECT_TRUE(failed_with(Reaper::start("/bin/true", folder_.path()), std::errc::broken_pipe));
}

}  // namespace
}  // namespace squall::faults
