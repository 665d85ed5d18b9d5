#include "faults/process/container_folders.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class ContainerFoldersTest : public testing::Test {
 protected:
  ContainerFoldersTest() {
    folders_.docker = {folder_ / "none", folder_ / "docker"};
    folders_.storage = {folder_ / "storage"};
    folders_.bundles = {folder_ / "task"};
  }
  void write(const fs::path& file, const std::string& text) {
    fs::create_directories((folder_.path() / file).parent_path());
    std::ofstream(folder_.path() / file) << text;
  }
  static std::string id(char digit) { return std::string(64, digit); }

  TemporaryFolder folder_;
  ContainerFolders folders_;
};

TEST_F(ContainerFoldersTest, FindsTheNamesThatEachEngineKeeps) {
  write("docker/containers/" + id('a') + "/config.v2.json",
        R"({"ID":")" + id('a') + R"(","Name":"/web"})");
  write("storage/overlay-containers/containers.json",
        R"([{"id":")" + id('b') + R"(","names":["db"]}])");
  write("storage/overlay-containers/volatile-containers.json",
        R"([{"id":")" + id('c') + R"(","names":["once"]}])");
  write("task/k8s.io/" + id('d') + "/config.json",
        R"({"annotations":{"io.kubernetes.cri.container-name":"nginx",)"
        R"("io.kubernetes.cri.sandbox-name":"web-7d4"}})");
  EXPECT_THAT(folders_.names_of({id('a'), id('b'), id('c'), id('d'), id('e')}),
              ElementsAre(NamedContainer{id('a'), "docker", {"web"}},
                          NamedContainer{id('b'), "podman", {"db"}},
                          NamedContainer{id('c'), "podman", {"once"}},
                          NamedContainer{id('d'), "containerd", {"web-7d4/nginx"}}));
}

TEST_F(ContainerFoldersTest, LeavesOutWhatDoesNotRun) {
  write("storage/overlay-containers/containers.json",
        R"([{"id":")" + id('b') + R"(","names":["db"]}])");
  EXPECT_THAT(folders_.names_of({id('a')}), IsEmpty());
}

TEST_F(ContainerFoldersTest, BelievesTheFirstThatTellsOfOne) {
  folders_.storage.push_back(folder_ / "another's");
  write("storage/overlay-containers/containers.json",
        R"([{"id":")" + id('b') + R"(","names":["db"]}])");
  write("another's/overlay-containers/containers.json",
        R"([{"id":")" + id('b') + R"(","names":["web"]}])");
  EXPECT_THAT(folders_.names_of({id('b')}), ElementsAre(NamedContainer{id('b'), "podman", {"db"}}));
}

TEST_F(ContainerFoldersTest, PassesOverWhatIsNoFileOrIsOfAnother) {
  fs::create_directories(folder_ / "docker/containers/" / (id('a') + "/config.v2.json"));
  write("docker/containers/" + id('b') + "/config.v2.json",
        R"({"ID":")" + id('a') + R"(","Name":"/web"})");
  write("storage/overlay-containers/containers.json", "torn");
  EXPECT_THAT(folders_.names_of({id('a'), id('b')}), IsEmpty());
}

}  // namespace
}  // namespace squall::faults
