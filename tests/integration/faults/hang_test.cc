// Processes frozen by the control groups of this kernel, of version 2 and of version 1's freezer,
// one of which is mounted for the test where the machine has it not. Needs root.

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "faults/core/recover.h"
#include "faults/core/undo.h"
#include "faults/process/cgroup_text.h"
#include "faults/process/frozen_cgroup.h"
#include "faults/process/hang_fault.h"
#include "faults/process/procfs_table.h"

#include "tests/support/child_process.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

/// A table whose machine has one of the two versions of control groups.
class OneVersion : public ProcfsTable {
 public:
  explicit OneVersion(bool is_version_2) : cgroups_(is_version_2) {}
  Cgroups& cgroups() override { return cgroups_; }

 private:
  class Only : public KernelCgroups {
   public:
    explicit Only(bool is_version_2) : is_version_2_(is_version_2) {}
    Result<std::string> mounts() override {
      SQUALL_TRY(const auto text, KernelCgroups::mounts());
      std::string kept;
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        const bool is_new = line.find(" - cgroup2 ") != std::string::npos;
        if (is_new == is_version_2_) kept += line + "\n";
      }
      return kept;
    }

   private:
    const bool is_version_2_;
  };
  Only cgroups_;
};

/// A process with a child, both of which count, by the version of control groups that is the
/// parameter.
class Hang : public testing::TestWithParam<bool> {
 protected:
  Hang() : table_(GetParam()) {}

  void SetUp() override {
    if (!FrozenCgroup::parents_for(table_, ::getpid())) mount_it();
    auto owner = this_owner(table_);
    ASSERT_TRUE(ok(owner));
    auto journal = Journal::open(folder_.path(), *owner);
    ASSERT_TRUE(ok(journal));
    journal_ = *std::move(journal);
    const std::string line = victim_.read_line();
    ASSERT_FALSE(line.empty());
    child_ = std::stoi(line);
    fault_.action = ProcessFault::Action::kHang;
    std::ofstream(folder_ / "victim.pid") << victim_.pid();
    fault_.match.pid_file = folder_ / "victim.pid";
  }

  /// Where the machine has it not: in a mount namespace of the test's own.
  void mount_it() {
    fs::create_directory(folder_ / "cgroup");
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("squall", (folder_ / "cgroup").c_str(), GetParam() ? "cgroup2" : "cgroup", 0,
                      GetParam() ? nullptr : "freezer"),
              0);
    is_mounted_ = true;
  }
  void TearDown() override {
    // What a test that failed has left frozen by version 1 would take no KILL, nor ever end.
    const auto is_anothers = [](pid_t pid, std::uint64_t) { return pid != ::getpid(); };
    EXPECT_THAT(take_back_hung_by_name(table_, false, is_anothers).troubles, IsEmpty());
    victim_.kill();
    if (is_mounted_) {
      EXPECT_EQ(::umount((folder_ / "cgroup").c_str()), 0);
    }
  }

  Result<InjectedProcessFault> hang() {
    return inject(table_, *journal_, fault_, "freeze", ProcessScope::around_this_process());
  }
  /// Where the victims are, by this version.
  std::vector<fs::path> places() {
    std::vector<fs::path> found;
    for (const pid_t pid : {victim_.pid(), child_}) {
      auto parents = FrozenCgroup::parents_for(table_, pid);
      EXPECT_TRUE(ok(parents));
      if (parents) found.insert(found.end(), (*parents).begin(), (*parents).end());
    }
    return found;
  }
  /// How far the victim and its child have counted.
  std::pair<std::uint64_t, std::uint64_t> work() const {
    std::pair<std::uint64_t, std::uint64_t> counted;
    std::ifstream stream(counts(), std::ios::binary);
    for (std::uint64_t* one : {&counted.first, &counted.second}) {
      stream.read(reinterpret_cast<char*>(one), sizeof *one);
    }
    return counted;
  }
  void expect_at_work(int line) {
    const auto before = work();
    EXPECT_TRUE(eventually(10s, [&] {
      const auto now = work();
      return now.first > before.first && now.second > before.second;
    })) << line;
  }

  std::string counts() const { return folder_ / "counts"; }

  TemporaryFolder folder_;
  OneVersion table_;
  std::unique_ptr<Journal> journal_;
  ProcessFault fault_;
  ChildProcess victim_{{SQUALL_AGENT_STAND_IN, "victim", counts()}};
  pid_t child_ = 0;
  bool is_mounted_ = false;
};

INSTANTIATE_TEST_SUITE_P(Of, Hang, testing::Values(true, false), [](const auto& one) {
  return std::string(one.param ? "Version2" : "Version1");
});

TEST_P(Hang, StopsAWholeTreeAndPutsItBackWhereItWas) {
  const auto before = places();
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->took) << injected->seen;
  EXPECT_THAT(injected->seen, HasSubstr("2 processes"));
  const auto frozen = work();
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(work(), frozen);
  EXPECT_NE(places(), before);
  ASSERT_EQ(::kill(victim_.pid(), SIGCONT), 0);  // Which wakes what was stopped, not what hangs.
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(work(), frozen);

  const fs::path ours = places().front();
  EXPECT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(places(), before);
  EXPECT_FALSE(fs::exists(ours));
  EXPECT_EQ(journal_->open_changes(), 0U);
  expect_at_work(__LINE__);
}

TEST_P(Hang, EndsWithTheLastOfTwo) {
  const auto before = places();
  auto first = hang();
  ASSERT_TRUE(ok(first));
  auto second = hang();
  ASSERT_TRUE(ok(second));
  EXPECT_TRUE(second->took) << second->seen;
  EXPECT_TRUE(ok(first->active.revert()));
  const auto frozen = work();
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(work(), frozen);
  EXPECT_TRUE(ok(second->active.revert()));
  EXPECT_EQ(places(), before);
  expect_at_work(__LINE__);
}

TEST_P(Hang, IsStoppedWhenItGoesOnIfItWasToldToMeanwhile) {
  auto hung = hang();
  ASSERT_TRUE(ok(hung));
  fault_.action = ProcessFault::Action::kSignal;
  fault_.signal = SIGSTOP;
  auto stopped = hang();
  ASSERT_TRUE(ok(stopped));
  EXPECT_TRUE(stopped->took) << stopped->seen;
  EXPECT_THAT(stopped->seen, HasSubstr("frozen by another fault"));
  EXPECT_TRUE(ok(hung->active.revert()));
  const auto is_stopped = [&] {
    const auto info = table_.look_up(victim_.pid());
    return info && info->is_stopped();
  };
  EXPECT_TRUE(eventually(5s, is_stopped));
  EXPECT_TRUE(ok(stopped->active.revert()));
  EXPECT_FALSE(is_stopped());
  expect_at_work(__LINE__);
}

TEST_P(Hang, IsUndoneFromTheJournalAndByItsName) {
  const auto before = places();
  for (const bool by_journal : {true, false}) {
    auto injected = hang();
    ASSERT_TRUE(ok(injected));
    const fs::path ours = places().front();
    if (by_journal) {
      const auto report = recover(folder_.path(), table_, {.owners_are_dead = true});
      ASSERT_TRUE(ok(report));
      EXPECT_TRUE((*report).is_clean());
    } else {
      const auto all_live = [](pid_t, std::uint64_t) { return true; };
      EXPECT_THAT(take_back_hung_by_name(table_, false, all_live).done, IsEmpty());
      EXPECT_EQ(places().front(), ours);
      const auto only_we_are_dead = [](pid_t pid, std::uint64_t) { return pid != ::getpid(); };
      EXPECT_THAT(take_back_hung_by_name(table_, false, only_we_are_dead).done,
                  testing::ElementsAre("cgroup " + ours.string()));
    }
    EXPECT_EQ(places(), before);
    EXPECT_FALSE(fs::exists(ours));
    EXPECT_TRUE(ok(injected->active.revert()));  // Finds nothing to do.
    expect_at_work(__LINE__);
  }
}

TEST_P(Hang, MatchesByControlGroup) {
  auto injected = hang();
  ASSERT_TRUE(ok(injected));
  const auto text = table_.cgroups().membership_of(child_);
  ASSERT_TRUE(ok(text));
  ProcessMatch match;
  for (const CgroupMembership& one : parse_membership(*text)) {
    if (one.path.find("/squall_") != std::string::npos) match.cgroup = one.path;
  }
  ASSERT_TRUE(match.cgroup);
  const auto found = find_candidates(table_, match, ProcessScope::around_this_process());
  ASSERT_TRUE(ok(found));
  EXPECT_EQ((*found).size(), 2U);
  match.cgroup = "no-such.slice";
  EXPECT_TRUE(failed_with(find_candidates(table_, match, ProcessScope::around_this_process()),
                          std::errc::no_such_process));
}

TEST_P(Hang, ChangesNothingThatIsNoControlGroup) {
  fs::create_directory(folder_ / "squall_1_2_3");
  std::ofstream(folder_ / "squall_1_2_3/cgroup.freeze") << "1";
  EXPECT_FALSE(carry_out(HangUndo{folder_ / "squall_1_2_3"}, table_));
  EXPECT_TRUE(fs::exists(folder_ / "squall_1_2_3"));
}

}  // namespace
}  // namespace squall::faults
