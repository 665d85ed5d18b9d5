#include "faults/process/container_text.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/reason.h"

#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kFirst = "9fad10aedb33e48ef50215f1006e25bdd64580cd094deac174eed9cf5653edaa";
const std::string kSecond = "cb33783726168a3aa4b289091dc3a1077e677c5393ed2daef28917e53cb96cd8";

TEST(ContainerText, ReadsTheNameThatDockerKeeps) {
  const auto found = parse_docker_container(
      R"({"StreamConfig":{},"State":{"Running":true,"Paused":false,"Pid":4711,"ExitCode":0},)"
      R"("ID":")" +
      kFirst +
      R"(","Created":"2026-11-22T12:00:00.1Z","Managed":false,"Path":"/bin/sleep","Args":["1000"],)"
      R"("Config":{"Hostname":"9fad10aedb33","Labels":{}},"LogPath":"","Name":"/web",)"
      R"("Driver":"overlay2","OS":"linux","RestartCount":0})");
  EXPECT_EQ(found, (NamedContainer{kFirst, "docker", {"web"}}));
}

TEST(ContainerText, ReadsPodAndContainerWhereKubernetesNamesThemToDocker) {
  const auto found = parse_docker_container(
      R"({"ID":")" + kFirst +
      R"(","Name":"/k8s_nginx_web-7d4_default_d484032b-b35c-4511-8db9-42050023ac61_0"})");
  EXPECT_EQ(found, (NamedContainer{kFirst, "docker", {"web-7d4/nginx", "default/web-7d4/nginx"}}));
  EXPECT_EQ(parse_docker_container(R"({"ID":")" + kFirst +
                                   R"(","Name":"/k8s_POD_web-7d4_default_d484032b_0"})"),
            std::nullopt);
}

TEST(ContainerText, ReadsTheListOfPodman) {
  const auto found = parse_stored_containers(
      R"([{"id":")" + kFirst + R"(","names":["web"],"image":"","layer":"ad26fbacc764",)" +
      R"("metadata":"{\"image-name\":\"\",\"image-id\":\"\",\"name\":\"web\"}",)"
      R"("created":"2026-11-22T17:24:04.111832985Z","flags":{"MountLabel":"","ProcessLabel":""}},)"
      R"({"id":")" +
      kSecond + R"(","names":["db"],"image":""}])");
  EXPECT_THAT(found, ElementsAre(NamedContainer{kFirst, "podman", {"web"}},
                                 NamedContainer{kSecond, "podman", {"db"}}));
}

TEST(ContainerText, ReadsTheListOfCriOAndLeavesThePodsOwnOut) {
  const auto found = parse_stored_containers(
      R"([{"id":")" + kFirst + R"(","names":["k8s_nginx_web-7d4_default_d484032b-b35c_2"]},)" +
      R"({"id":")" + kSecond + R"(","names":["k8s_POD_web-7d4_default_d484032b-b35c_0"]}])");
  EXPECT_THAT(found, ElementsAre(NamedContainer{
                         kFirst, "cri-o", {"web-7d4/nginx", "default/web-7d4/nginx"}}));
}

TEST(ContainerText, ReadsTheNotesOfContainerdsBundle) {
  EXPECT_EQ(parse_bundle(kFirst, R"({"ociVersion":"1.0.2","process":{"args":["nginx"]},)"
                                 R"("annotations":{"io.kubernetes.cri.container-name":"nginx",)"
                                 R"("io.kubernetes.cri.container-type":"container",)"
                                 R"("io.kubernetes.cri.sandbox-name":"web-7d4",)"
                                 R"("io.kubernetes.cri.sandbox-namespace":"default"}})"),
            (NamedContainer{kFirst, "containerd", {"web-7d4/nginx", "default/web-7d4/nginx"}}));
  EXPECT_EQ(parse_bundle(kFirst, R"({"annotations":{"nerdctl/name":"web"}})"),
            (NamedContainer{kFirst, "containerd", {"web"}}));
  EXPECT_EQ(parse_bundle(kFirst, R"({"annotations":{"io.kubernetes.cri.container-type":"sandbox",)"
                                 R"("io.kubernetes.cri.sandbox-name":"web-7d4"}})"),
            std::nullopt);
}

TEST(ContainerText, FindsNothingInWhatIsOtherwise) {
  for (const std::string text :
       {"", "{", "[]", "{}", "null", "7", R"([[{"id":1}]])", R"([{"id":"abc","names":["web"]}])",
        R"({"ID":["x"],"Name":{"a":1}})", R"([{"id":"x","names":"web"}])",
        R"({"annotations":["x"]})", R"({"annotations":{"nerdctl/name":7}})"}) {
    EXPECT_EQ(parse_docker_container(text), std::nullopt) << text;
    EXPECT_THAT(parse_stored_containers(text), IsEmpty()) << text;
    EXPECT_EQ(parse_bundle(kFirst, text), std::nullopt) << text;
  }
}

TEST(ContainerText, TakesNoNameThatNoEngineWouldGive) {
  EXPECT_EQ(parse_docker_container(R"({"ID":")" + kFirst + R"(","Name":"/a\u001b[2Jb"})"),
            std::nullopt);
  EXPECT_EQ(parse_docker_container(R"({"ID":"../../etc","Name":"/web"})"), std::nullopt);
}

class ContainerMeant : public testing::Test {
 protected:
  std::string meant(std::string_view wanted) {
    const auto found = container_meant(wanted, running_, named_);
    return found ? *found : in_words(found.error());
  }
  std::set<std::string> running_{kFirst, kSecond};
  std::vector<NamedContainer> named_{{kFirst, "docker", {"web"}}, {kSecond, "podman", {"db"}}};
};

TEST_F(ContainerMeant, IsFoundByNameByIdAndByTheBeginningOfAnId) {
  EXPECT_EQ(meant("web"), kFirst);
  EXPECT_EQ(meant(kSecond), kSecond);
  EXPECT_EQ(meant("cb3378"), kSecond);
}

TEST_F(ContainerMeant, NameGoesBeforeTheBeginningOfAnId) {
  named_[0].names = {"cb3378"};
  EXPECT_EQ(meant("cb3378"), kFirst);
}

TEST_F(ContainerMeant, IsOnlyOneThatRuns) {
  running_.erase(kFirst);
  EXPECT_EQ(meant("web").find("nothing matches container web ("), 0U) << meant("web");
}

TEST_F(ContainerMeant, ListsThoseThatShareAName) {
  named_[1].names = {"web"};
  EXPECT_EQ(meant("web"),
            "container web is the name of 2 containers: 9fad10aedb33 (docker, web), cb3378372616 "
            "(podman, web); give the id");
}

TEST_F(ContainerMeant, ListsThoseWhoseIdsBeginSo) {
  running_ = {std::string(63, 'c') + "1", std::string(63, 'c') + "2", kFirst};
  EXPECT_EQ(meant("cccccc"),
            "container cccccc begins the ids of 2 containers: " + std::string(63, 'c') + "1, " +
                std::string(63, 'c') + "2; give more of it");
}

TEST_F(ContainerMeant, NamesTheNearestOrAllThereAre) {
  EXPECT_EQ(meant("wbe"), "nothing matches container wbe (did you mean 'web'?)");
  EXPECT_EQ(meant("frontend"), "nothing matches container frontend (containers that run: db, web)");
  named_.clear();
  EXPECT_EQ(meant("web"),
            "nothing matches container web (none of those that run tells its name: give its id)");
  running_.clear();
  EXPECT_EQ(meant("web"), "nothing matches container web (no container runs)");
}

}  // namespace
}  // namespace squall::faults
