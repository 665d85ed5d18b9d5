// The killing campaign for what needs netem or control groups of version 2: by
// tests/support/with-netem.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/integration/faults/killing_campaign.h"

namespace squall::faults {
namespace {

constexpr const char* kGroups = "/sys/fs/cgroup";

std::vector<FaultKind> kinds(const std::string& name) {
  const std::string group = "cgroup: " + name;
  return {
      {"delayed",
       {"network: {interface: va, namespace: SPACE, direction: both, delay: 20ms, jitter: 5ms}",
        "network: {interface: va, namespace: SPACE, delay: 20ms, rate: 1mbit},"
        " pulse: {on: 100ms, off: 100ms}",
        "network: {interface: va, namespace: SPACE, direction: in, delay: 20ms, jitter: 5ms,"
        " distribution: pareto, in_order: false}"}},
      {"garbled",
       {"network: {interface: lo, namespace: SPACE, duplicate: 5%, corrupt: 5%}",
        "network: {interface: lo, namespace: SPACE, delay: 10ms, reorder: 20%}",
        "network: {interface: lo, namespace: SPACE,"
        " gilbert_elliott: {to_bad: 1%, to_good: 25%}}"}},
      {"of-group", {"network: {interface: vb, namespace: SPACE, of: {" + group + "}, loss: 10%}"}},
      {"hung", {"process: {action: hang, match: {" + group + "}}"}},
      {"pressed-in-group",
       {"memory: {size: 4MiB, " + group + "}", "cpu: {share: 5%, workers: 1, " + group + "}"}},
  };
}

/// Whatever this machine has mounted, cgroups of version 2 are at /sys/fs/cgroup from now on for
/// this process and those that it starts.
void mount_groups() {
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0) << std::strerror(errno);
  ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  const bool is_there = ::mount("none", kGroups, "cgroup2", 0, nullptr) == 0;
  ASSERT_TRUE(is_there || errno == EBUSY) << std::strerror(errno);
}

TEST(NetemKilling, NothingIsLeftWhoeverDiesAndWhenever) {
  mount_groups();
  const std::string group = "squall-killing-" + std::to_string(::getpid());
  const std::string folder = std::string(kGroups) + "/" + group;
  ASSERT_EQ(::mkdir(folder.c_str(), 0755), 0) << std::strerror(errno);
  const int deaths = killings_or(4);  // The guest is slow.
  const InForceCounts counts = KillingCampaign(5, {folder}).conduct(deaths, kinds(group));
  tell(counts, deaths);
  EXPECT_TRUE(std::any_of(counts.begin(), counts.end(), [](const auto& one) {
    return one.second > 0;
  })) << "each died before anything was in force";
  EXPECT_TRUE(eventually(std::chrono::seconds(20), [&] { return ::rmdir(folder.c_str()) == 0; }))
      << std::strerror(errno);
}

}  // namespace
}  // namespace squall::faults
