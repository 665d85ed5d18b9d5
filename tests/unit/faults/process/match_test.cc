#include "faults/process/match.h"

#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/reason.h"

#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"

namespace squall::faults {
namespace {

using testing::ElementsAre;

template <typename Field, typename Value>
ProcessMatch with(Field ProcessMatch::*field, Value value) {
  ProcessMatch match;
  match.*field = value;
  return match;
}

class Match : public testing::Test {
 protected:
  Match() {
    table_.add(1, "init", 0);
    table_.add(2, "nginx", 0);
    table_.at(2).is_kernel_thread = true;
    const ProcessId first = table_.add(20, "nginx");
    table_.add(21, "nginx", 20);
    const ProcessId second = table_.add(30, "nginx");
    table_.add(50, "squall");
    scope_.services = {{"web", 2, second}, {"web", 1, first}};
    scope_.protect = {{50, "this agent"}};
    scope_.directory = folder_.path();
  }

  std::vector<std::string> matching(const ProcessMatch& match) {
    const auto found = find_candidates(table_, match, scope_);
    if (!found) return {in_words(found.error())};
    std::vector<std::string> names;
    for (const Candidate& one : *found) {
      names.push_back(one.name + " " + std::to_string(one.leader.pid));
    }
    return names;
  }

  TemporaryFolder folder_;
  FakeProcessTable table_;
  ProcessScope scope_;
};

TEST_F(Match, KnowsTheInstanceToWhichAProcessBelongs) {
  const ProcessId apart = table_.add(60, "nginx");
  const ProcessId worker = table_.at(21).id;
  EXPECT_EQ(instance_of({"web.2", scope_.services[0].id, true}, scope_, table_), "web.2");
  EXPECT_EQ(instance_of({"nginx", worker, false}, scope_, table_), "web.1");
  EXPECT_EQ(instance_of({"nginx", apart, false}, scope_, table_), std::nullopt);
}

TEST_F(Match, CountsAServiceByInstances) {
  EXPECT_THAT(matching(with(&ProcessMatch::service, "web")), ElementsAre("web.1 20", "web.2 30"));
  EXPECT_THAT(matching(with(&ProcessMatch::service, "web.2")), ElementsAre("web.2 30"));
}

TEST_F(Match, FindsTheProcessesOfAUnitAControlGroupOrAContainer) {
  const std::string id(64, 'c');
  table_.cgroups().put(20, "/cg/system.slice/nginx.service");
  table_.cgroups().put(21, "/cg/system.slice/nginx.service/worker");
  table_.cgroups().put(30, "/cg/docker/" + id);
  EXPECT_THAT(matching(with(&ProcessMatch::unit, "nginx.service")),
              ElementsAre("nginx 20", "nginx 21"));
  EXPECT_THAT(matching(with(&ProcessMatch::cgroup, "system.slice/nginx.service/worker")),
              ElementsAre("nginx 21"));
  EXPECT_THAT(matching(with(&ProcessMatch::container, "cccccc")), ElementsAre("nginx 30"));
  EXPECT_THAT(matching(with(&ProcessMatch::unit, "redis")),
              ElementsAre("nothing matches systemd unit redis"));
  EXPECT_THAT(
      matching(with(&ProcessMatch::container, "dddddd")),
      ElementsAre("nothing matches container dddddd (none of those that run tells its name: "
                  "give its id)"));
}

TEST_F(Match, FindsAContainerByTheNameThatItsEngineKeeps) {
  const std::string id(64, 'c');
  const auto place = folder_ / "docker/containers" / id;
  std::filesystem::create_directories(place);
  std::ofstream(place / "config.v2.json") << R"({"ID":")" << id << R"(","Name":"/shop"})";
  scope_.containers.docker = {folder_ / "docker"};
  table_.cgroups().put(21, "/cg/system.slice/docker-" + id + ".scope");
  table_.cgroups().put(30, "/cg/system.slice/docker-" + id + ".scope/below");
  EXPECT_THAT(matching(with(&ProcessMatch::container, "shop")),
              ElementsAre("nginx 21", "nginx 30"));
  EXPECT_THAT(matching(with(&ProcessMatch::container, "shpo")),
              ElementsAre("nothing matches container shpo (did you mean 'shop'?)"));
}

TEST_F(Match, AsksForMoreOfAnIdThatTwoContainersBeginWith) {
  table_.cgroups().put(20, "/cg/docker/" + std::string(63, 'c') + "1");
  table_.cgroups().put(30, "/cg/docker/" + std::string(63, 'c') + "2");
  EXPECT_THAT(
      matching(with(&ProcessMatch::container, "cccccc")),
      ElementsAre("container cccccc begins the ids of 2 containers: " + std::string(63, 'c') +
                  "1, " + std::string(63, 'c') + "2; give more of it"));
}

TEST_F(Match, LeavesOutInstancesThatHaveEnded) {
  table_.at(30).state = 'Z';
  EXPECT_THAT(matching(with(&ProcessMatch::service, "web")), ElementsAre("web.1 20"));
  EXPECT_THAT(matching(with(&ProcessMatch::service, "web.2")),
              ElementsAre("nothing matches service web.2 (it has ended)"));
}

TEST_F(Match, NamesTheServicesThereAreWhenNoneMatches) {
  EXPECT_THAT(matching(with(&ProcessMatch::service, "wbe")),
              ElementsAre("nothing matches service wbe (running services: web.2, web.1)"));
}

TEST_F(Match, FindsProcessesByNameWithoutKernelThreadsAndZombies) {
  table_.at(30).state = 'Z';
  EXPECT_THAT(matching(with(&ProcessMatch::name, "nginx")), ElementsAre("nginx 20", "nginx 21"));
}

TEST_F(Match, FindsProcessesByCommandLinePortAndPidFile) {
  table_.at(21).command_line = "nginx: worker process";
  table_.listen(30, 8443);
  std::ofstream(folder_ / "web.pid") << "20\n";
  EXPECT_THAT(matching(with(&ProcessMatch::command_line, "worker")), ElementsAre("nginx 21"));
  EXPECT_THAT(matching(with(&ProcessMatch::listening, std::uint16_t{8443})),
              ElementsAre("nginx 30"));
  EXPECT_THAT(matching(with(&ProcessMatch::pid_file, "web.pid")), ElementsAre("nginx 20"));
  EXPECT_THAT(matching(with(&ProcessMatch::pid, std::uint64_t{21})), ElementsAre("nginx 21"));
}

TEST_F(Match, SaysWhatItLookedForWhenNothingMatches) {
  EXPECT_THAT(matching(with(&ProcessMatch::name, "ngnix")),
              ElementsAre("nothing matches process name 'ngnix'"));
  EXPECT_THAT(matching(with(&ProcessMatch::listening, std::uint16_t{99})),
              ElementsAre("nothing matches port 99"));
  EXPECT_THAT(matching(with(&ProcessMatch::pid_file, "no.pid")),
              ElementsAre("read the pid file no.pid: No such file or directory"));
}

TEST_F(Match, NeverTakesTheProtectedAndSaysWhoTheyAre) {
  EXPECT_THAT(matching(with(&ProcessMatch::name, "squall")),
              ElementsAre("nothing matches process name 'squall' (protected: 50 is this agent)"));
  EXPECT_THAT(matching(with(&ProcessMatch::name, "init")),
              ElementsAre("nothing matches process name 'init' (protected: 1 is the first "
                          "process)"));
  std::ofstream(folder_ / "web.pid") << "2\n";
  EXPECT_THAT(matching(with(&ProcessMatch::pid_file, "web.pid")),
              ElementsAre("nothing matches pid file web.pid (protected: 2 is a kernel thread)"));
}

TEST_F(Match, RefusesAPidFileThatHoldsNoPid) {
  std::ofstream(folder_ / "web.pid") << "-1\n";
  EXPECT_THAT(matching(with(&ProcessMatch::pid_file, "web.pid")),
              ElementsAre("the pid file web.pid holds no pid"));
}

TEST_F(Match, RefusesToLookForNothing) {
  EXPECT_THAT(matching(ProcessMatch{}), ElementsAre("match nothing: Operation not supported"));
}

}  // namespace
}  // namespace squall::faults
