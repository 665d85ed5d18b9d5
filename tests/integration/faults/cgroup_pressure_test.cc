// Pressure inside a control group of this kernel: bounded by it, felt in it, and out of it again.
// Version 2 where that has the controllers, else version 1. Needs root.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/integration/faults/pressure_fixture.h"
#include "tests/support/child_process.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::uint64_t kLimit = 48 * kMiB;
constexpr std::uint64_t kReserve = 16 * kMiB;  // What a group keeps at least.
constexpr std::uint64_t kNear = 4 * kMiB;      // Its program, and what the kernel counts ahead.

/// A group of its own for a test, of 48 MiB and a fifth of a core.
class PressureInACgroup : public Pressure {
 protected:
  void SetUp() override {
    Pressure::SetUp();
    if (!fs::exists(root() / "cgroup.procs") && !fs::exists(root() / "memory")) mount_it();
    is_new_ = text_of(root() / "cgroup.controllers").find("memory") != std::string::npos;
    std::cout << "version " << (is_new_ ? 2 : 1) << "\n";
    if (is_new_) {
      write(root() / "cgroup.subtree_control", "+memory +cpu");
      make(root() / name());
      write(group("memory") / "memory.max", std::to_string(kLimit));
      write(group("cpu") / "cpu.max", "20000 100000");
    } else {
      make(group("memory"));
      make(group("cpu"));
      write(group("memory") / "memory.limit_in_bytes", std::to_string(kLimit));
      write(group("cpu") / "cpu.cfs_quota_us", "20000");
    }
  }
  void TearDown() override {
    Pressure::TearDown();
    for (const fs::path& folder : {group("memory"), group("cpu")}) {
      std::error_code trouble;
      EXPECT_TRUE(eventually(20s,
                             [&] {
                               fs::remove(folder, trouble);
                               return !fs::exists(folder);
                             }))
          << folder << ": " << trouble.message();
    }
    if (is_mounted_) {
      EXPECT_EQ(::umount(root().c_str()), 0);
    }
  }

  static fs::path root() { return "/sys/fs/cgroup"; }
  static std::string name() { return "pressed-" + std::to_string(::getpid()); }
  fs::path group(const std::string& controller) const {
    return is_new_ ? root() / name() : root() / controller / name();
  }

  std::uint64_t memory_used() const {
    const fs::path file = group("memory") / (is_new_ ? "memory.current" : "memory.usage_in_bytes");
    return std::stoull(text_of(file));
  }
  /// What the kernel says of those that it has killed for want of memory: "oom_kill 0".
  std::string killings() const {
    const std::string text =
        text_of(group("memory") / (is_new_ ? "memory.events" : "memory.oom_control"));
    const std::size_t at = text.find("oom_kill ");
    return at == std::string::npos ? text : text.substr(at, text.find('\n', at) - at);
  }
  std::string members(const std::string& controller) const {
    return text_of(group(controller) / "cgroup.procs");
  }

 private:
  /// Where nothing is mounted: in a mount namespace of the test's own.
  void mount_it() {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("squall", root().c_str(), "cgroup2", 0, nullptr), 0);
    is_mounted_ = true;
  }
  static void make(const fs::path& folder) {
    std::error_code trouble;
    EXPECT_TRUE(fs::create_directory(folder, trouble)) << folder << ": " << trouble.message();
  }
  static void write(const fs::path& file, const std::string& text) {
    std::ofstream stream(file);
    stream << text << std::flush;
    EXPECT_TRUE(stream) << file;
  }

  bool is_new_ = false;
  bool is_mounted_ = false;
};

TEST_F(PressureInACgroup, OnMemoryIsOfItsLimitAndLeavesIt) {
  const PressureFault fault{
      MemoryPressure{.size = {}, .share = Share{0.5}, .cgroup = group("memory").string()}};
  ASSERT_TRUE(ok(check_pressure(site(), fault)));
  auto injected = press(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->is_there) << injected->finding.why_not;
  EXPECT_EQ(members("memory"), std::to_string(pressing()) + "\n");
  EXPECT_NEAR(static_cast<double>(memory_used()), static_cast<double>(kLimit) / 2, kNear);
  const PressureFinding found = expect_gone(*injected);
  EXPECT_TRUE(found.took) << found.why_not;
  EXPECT_EQ(members("memory"), "");
  EXPECT_TRUE(eventually(20s, [&] { return memory_used() < kNear; })) << memory_used();
}

TEST_F(PressureInACgroup, OnMemoryStopsAtTheReserveAndIsIneffective) {
  auto injected = press(
      {MemoryPressure{.size = Bytes{2 * kLimit}, .share = {}, .cgroup = group("memory").string()}});
  ASSERT_TRUE(ok(injected));
  EXPECT_FALSE(injected->finding.took);
  EXPECT_NEAR(static_cast<double>(memory_used()), kLimit - kReserve, kNear);
  EXPECT_EQ(killings(), "oom_kill 0");
  EXPECT_THAT(expect_gone(*injected).why_not, HasSubstr("keeps a reserve"));
}

TEST_F(PressureInACgroup, OnMemoryGivesWayToThoseThatNeedIt) {
  auto injected = press(
      {MemoryPressure{.size = Bytes{28 * kMiB}, .share = {}, .cgroup = group("memory").string()}});
  ASSERT_TRUE(ok(injected));
  EXPECT_TRUE(injected->is_there) << injected->finding.why_not;
  ChildProcess other({SQUALL_AGENT_STAND_IN, "hold", group("memory"), std::to_string(16 * kMiB)});
  EXPECT_EQ(other.read_line(), "holds");
  EXPECT_TRUE(eventually(20s, [&] { return memory_used() <= kLimit - kReserve + kNear; }))
      << memory_used();
  EXPECT_EQ(killings(), "oom_kill 0");
  const PressureFinding found = expect_gone(*injected);
  EXPECT_FALSE(found.took);
  std::cout << found.seen << "; " << found.why_not << "\n";
}

TEST_F(PressureInACgroup, OnTheProcessorGetsNoMoreThanItsQuota) {
  auto injected =
      press({CpuPressure{.share = Share{1}, .workers = 1, .cgroup = group("cpu").string()}});
  ASSERT_TRUE(ok(injected));
  EXPECT_EQ(members("cpu"), std::to_string(pressing()) + "\n");
  const auto used = [&] {
    double sum = 0;
    for (const auto& task : fs::directory_iterator(proc(pressing(), "task"))) {
      std::ifstream one(task.path() / "schedstat");
      double time = 0;
      one >> time;
      sum += time / 1e9;
    }
    return sum;
  };
  const double before = used();
  const auto start = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(1s);
  const double length =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double share = (used() - before) / length;
  std::cout << "used " << share << " of a core\n";
  EXPECT_GT(share, 0.02);
  EXPECT_LT(share, 0.35);
  const PressureFinding found = expect_gone(*injected);
  EXPECT_THAT(found.seen, HasSubstr("of 1 core used"));  // Whether it waits then, kernels disagree.
  EXPECT_EQ(members("cpu"), "");
}

}  // namespace
}  // namespace squall::faults
