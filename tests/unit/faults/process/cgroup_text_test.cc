#include "faults/process/cgroup_text.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::faults {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kId(64, 'a');
const std::string kOtherId = std::string(63, 'a') + "0";

CgroupMembership unified(const std::string& path) { return {{}, path}; }

TEST(Membership, HasBothVersionsAndPathsWithColons) {
  EXPECT_THAT(parse_membership("4:cpu,cpuacct:/web\n1:name=systemd:/a:b\n0::/\n"),
              ElementsAre(CgroupMembership{{"cpu", "cpuacct"}, "/web"},
                          CgroupMembership{{"name=systemd"}, "/a:b"}, unified("/")));
}

TEST(Membership, PassesOverWhatMakesNoSense) {
  EXPECT_THAT(parse_membership("\n0:\n0::\n::relative\nnothing"), IsEmpty());
}

TEST(CgroupMounts, AreFoundAmongOthers) {
  const auto mounts = parse_cgroup_mounts(
      "24 30 0:22 / /proc rw - proc proc rw\n"
      "31 24 0:27 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n"
      "32 24 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
      "33 24 0:29 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
      "34 24 0:27 / /else/where rw - cgroup2 cgroup2 rw\n");
  ASSERT_TRUE(mounts.unified && mounts.freezer);
  EXPECT_EQ(mounts.unified->folder, "/sys/fs/cgroup/unified");
  EXPECT_EQ(mounts.freezer->folder, "/sys/fs/cgroup/freezer");
}

TEST(CgroupMounts, MayBeOfAGroupAndAtAPlaceWithBlanks) {
  const auto mounts = parse_cgroup_mounts("1 2 0:3 /docker/x /a\\040b rw - cgroup2 none rw");
  ASSERT_TRUE(mounts.unified);
  EXPECT_EQ(mounts.unified->folder, "/a b");
  EXPECT_EQ(mounts.unified->folder_of("/docker/x/web"), "/a b/web");
  EXPECT_EQ(mounts.unified->folder_of("/docker/x"), "/a b");
  EXPECT_EQ(mounts.unified->folder_of("/docker/xy"), std::nullopt);
  EXPECT_FALSE(parse_cgroup_mounts("1 2 0:3 / - cgroup2\n - \ncgroup").unified);
}

TEST(CgroupMounts, DoNotShowWhatIsBesideTheirNamespace) {
  const CgroupMount mount{"/sys/fs/cgroup", "/"};
  EXPECT_EQ(mount.folder_of("/../web"), std::nullopt);
  EXPECT_EQ(mount.folder_of("/.."), std::nullopt);
  EXPECT_EQ(mount.folder_of("/web..1"), "/sys/fs/cgroup/web..1");
  EXPECT_EQ(mount.folder_of("/"), "/sys/fs/cgroup");
}

TEST(Unit, IsAFolderOnTheWay) {
  const auto nginx = unified("/system.slice/nginx.service");
  EXPECT_TRUE(is_in_unit(nginx, "nginx.service"));
  EXPECT_TRUE(is_in_unit(nginx, "nginx"));
  EXPECT_TRUE(is_in_unit(nginx, "system.slice"));
  EXPECT_FALSE(is_in_unit(nginx, "ginx.service"));
  EXPECT_FALSE(is_in_unit(nginx, "system"));
  EXPECT_TRUE(
      is_in_unit(unified("/system.slice/system-getty.slice/getty@tty1.service"), "getty@tty1"));
  EXPECT_TRUE(is_in_unit({{"name=systemd"}, "/system.slice/nginx.service"}, "nginx"));
}

TEST(Cgroup, IsAPathFromTheRootOrAFolder) {
  const auto web = unified("/web.slice/a");
  for (const char* at : {"web.slice", "/web.slice", "/web.slice/a/", "/sys/fs/cgroup/web.slice",
                         "/sys/fs/cgroup/unified/web.slice/a"}) {
    EXPECT_TRUE(is_in_cgroup(web, at)) << at;
  }
  for (const char* at : {"web", "a", "web.slice/a/b", "/", "", "/sys/fs/cgroup/",
                         "/sys/fs/cgroup/freezer/web.slice"}) {
    EXPECT_FALSE(is_in_cgroup(web, at)) << at;
  }
  const CgroupMembership old{{"cpu", "cpuacct"}, "/web.slice/a"};
  EXPECT_TRUE(is_in_cgroup(old, "web.slice"));
  EXPECT_TRUE(is_in_cgroup(old, "/sys/fs/cgroup/cpu,cpuacct/web.slice"));
  EXPECT_TRUE(is_in_cgroup(old, "/sys/fs/cgroup/cpuacct/web.slice"));
  EXPECT_FALSE(is_in_cgroup(old, "/sys/fs/cgroup/web.slice"));
  EXPECT_TRUE(is_in_cgroup({{"name=systemd"}, "/x"}, "/sys/fs/cgroup/systemd/x"));
}

TEST(Container, IsFoundAsEachEngineNamesIt) {
  const std::vector<std::string> paths = {
      "/docker/" + kId,
      "/system.slice/docker-" + kId + ".scope",
      "/kubepods/burstable/pod0a1b/" + kId,
      "/kubepods.slice/kubepods-pod0a1b.slice/cri-containerd-" + kId + ".scope",
      "/system.slice/containerd.service/kubepods-pod0a1b.slice:cri-containerd:" + kId,
      "/kubepods.slice/crio-" + kId + ".scope",
      "/machine.slice/libpod-" + kId + ".scope/container",
      "/docker/" + kOtherId + "/docker/" + kId};  // A container in a container.
  for (const std::string& path : paths) {
    EXPECT_EQ(container_in(unified(path)), kId) << path;
  }
}

TEST(Container, IsNotWhatWatchesOverItNorWhatIsNoId) {
  for (const std::string& path :
       {"/machine.slice/libpod-conmon-" + kId + ".scope", "/kubepods.slice/crio-conmon-" + kId,
        "/docker/" + kId.substr(1), "/docker/" + kId + "a", "/docker/A" + kId.substr(1),
        std::string("/")}) {
    EXPECT_EQ(container_in(unified(path)), std::nullopt) << path;
  }
}

}  // namespace
}  // namespace squall::faults
