#include "faults/pressure/cgroup.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

/// A tree as the kernel shows it, of plain files.
class Cgroups : public testing::Test {
 protected:
  fs::path add(const std::string& path) {
    const fs::path folder = root() / path;
    fs::create_directories(folder);
    std::ofstream(folder / "cgroup.procs") << "";
    return folder;
  }
  static void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }
  fs::path root() const { return folder_.path(); }

  TemporaryFolder folder_;
};

TEST_F(Cgroups, AreFoundInTheOneTreeOfVersion2) {
  const fs::path web = add("web.slice");
  const auto found = find_cgroup("web.slice", "cpu", root());
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(*found, web);
}

TEST_F(Cgroups, AreFoundAmongThoseOfTheirControllerInVersion1) {
  add("memory/web");
  const fs::path web = add("cpu,cpuacct/web");
  const auto found = find_cgroup("/web", "cpu", root());
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(*found, web);
}

TEST_F(Cgroups, AreTakenByTheirWholePath) {
  const fs::path web = add("memory/web");
  const auto found = find_cgroup(web.string(), "cpu", "/nowhere");
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(*found, web);
}

TEST_F(Cgroups, ThatAreNotThereAreAnError) {
  const auto found = find_cgroup("web", "cpu", root());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().trail,
            "cgroup web (there is no cgroup.procs at it, nor below " + root().string() + ")");
}

TEST_F(Cgroups, AreJoinedByPid) {
  const fs::path web = add("web");
  ASSERT_TRUE(ok(join_cgroup(web)));
  std::ifstream procs(web / "cgroup.procs");
  pid_t pid = 0;
  procs >> pid;
  EXPECT_EQ(pid, ::getpid());
  EXPECT_FALSE(join_cgroup(root() / "gone"));
}

TEST_F(Cgroups, ThatBoundMemoryAreThoseAboveTooTheInnermostFirst) {
  const fs::path inner = add("memory/a/b");
  const fs::path outer = add("memory/a");
  add("cpu/a");
  EXPECT_THAT(memory_cgroups("4:memory:/a/b\n1:cpu:/a\n", root()), ElementsAre(inner, outer));
  EXPECT_THAT(memory_cgroups("4:memory:/elsewhere\nnonsense\n", root()), IsEmpty());
  const fs::path unified = add("x/y");
  EXPECT_THAT(memory_cgroups("0::/x/y\n", root()), ElementsAre(unified));
}

TEST_F(Cgroups, BoundMemoryByTheirLimitLessWhatIsNeeded) {
  const fs::path two = add("two");
  write(two / "memory.max", "1000000\n");
  write(two / "memory.current", "600000\n");
  write(two / "memory.stat", "anon 1\ninactive_file 100000\n");
  const fs::path one = add("one");
  write(one / "memory.limit_in_bytes", "1000000\n");
  write(one / "memory.usage_in_bytes", "250000\n");
  const auto bounds = bounds_of({two, one}, 10'000'000);
  ASSERT_EQ(bounds.size(), 2U);
  EXPECT_EQ(bounds[0].total, 1'000'000U);
  EXPECT_EQ(bounds[0].available, 500'000U);
  EXPECT_EQ(bounds[1].available, 750'000U);
}

TEST_F(Cgroups, WithoutALimitBoundNothing) {
  const fs::path two = add("two");
  write(two / "memory.max", "max\n");
  write(two / "memory.current", "600000\n");
  const fs::path one = add("one");
  write(one / "memory.limit_in_bytes", "9223372036854771712\n");
  write(one / "memory.usage_in_bytes", "250000\n");
  EXPECT_THAT(bounds_of({two, one}, 10'000'000), IsEmpty());
}

}  // namespace
}  // namespace squall::faults
