#include "harness/services/services.h"

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/services/service_fixture.h"

namespace squall::services {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;

using ServicesTest = ServiceFixture;

TEST_F(ServicesTest, StartsEachInstanceOnItsOwnPortAndStopsThem) {
  ASSERT_TRUE(ok(start({web(2)})));
  EXPECT_THAT(events("service.ready"),
              UnorderedElementsAre(StartsWith("web.1: after"), StartsWith("web.2: after")));
  const auto processes = services_->processes();
  ASSERT_THAT(processes, SizeIs(2));
  EXPECT_EQ(processes[1].service, "web");
  EXPECT_EQ(processes[1].instance, 2U);
  EXPECT_EQ(journal_->open_changes(), 2U);

  ASSERT_TRUE(ok(services_->stop_all()));
  EXPECT_THAT(services_->processes(), IsEmpty());
  EXPECT_THAT(events("service.stopped"),
              UnorderedElementsAre("web.1: was ended by SIGTERM", "web.2: was ended by SIGTERM"));
  EXPECT_EQ(what_is_left(), "");
  EXPECT_TRUE(exists(folder_ / "run/services/web.2.log"));
}

TEST_F(ServicesTest, StopsThemAlsoWhenNobodyAsks) {
  ASSERT_TRUE(ok(start({shell("sleep 1000")})));
  services_.reset();
  EXPECT_EQ(what_is_left(), "");
}

TEST_F(ServicesTest, GivesAProcessItsDirectoryItsInputAndItsEnvironment) {
  auto spec = shell("pwd; cat; echo $ANSWER $0; ls /proc/self/fd | tr '\\n' ' '; exec sleep 1000");
  spec.command.push_back("number-${instance}");
  spec.environment["ANSWER"] = "on ${port(23000)}";
  ASSERT_TRUE(ok(start({spec})));
  const auto log = [&] {
    std::ifstream stream(folder_ / "run/services/job.1.log");
    return std::string{std::istreambuf_iterator<char>(stream), {}};
  };
  EXPECT_TRUE(eventually(5s, [&] { return log().find("0 1 2") != std::string::npos; })) << log();
  EXPECT_THAT(log(), StartsWith(folder_.path().string() + "\non 23000 number-1\n"));
  EXPECT_THAT(log(), testing::EndsWith("\n0 1 2 3 "));  // 3 is ls reading the directory.
}

TEST_F(ServicesTest, TellsTheLastWordsOfOneThatEndsBeforeItIsReady) {
  auto broken = web();
  broken.name = "broken";
  broken.command = {"sh", "-c", "echo starting; echo no configuration >&2; exit 3"};
  broken.ready->url = "http://127.0.0.1:" + std::to_string(free_port()) + "/";
  const auto started = start({web(), broken});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().trail,
            "service broken.1 exited with status 3 before it was ready; its last words: starting "
            "| no configuration");
  EXPECT_EQ(what_is_left(), "");  // The healthy one is stopped too.
}

TEST_F(ServicesTest, NamesAProgramThatIsMissingBeforeAnythingStarts) {
  auto spec = shell("");
  spec.command = {"ngnix"};
  const auto made = make({web(), spec});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message(), StartsWith("service job.1: there is no program 'ngnix'"));
}

TEST_F(ServicesTest, SaysWhyAProgramCannotBeExecuted) {
  std::ofstream(folder_ / "broken") << "#!/no/such/interpreter\n";
  permissions(folder_ / "broken", std::filesystem::perms::owner_all);
  auto spec = shell("");
  spec.command = {"./broken"};
  const auto started = start({spec});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message(),
              AllOf(StartsWith("start service job.1: run "), HasSubstr("No such file")));
}

TEST_F(ServicesTest, GivesUpOnOneThatIsNotReadyInTime) {
  auto spec = web();
  spec.ready->within = 700ms;
  spec.ready->status = 404;
  const auto started = start({spec});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message(),
              StartsWith("service web.1 was not ready within 700 ms (http://127.0.0.1:"));
  EXPECT_EQ(what_is_left(), "");
}

TEST_F(ServicesTest, StartsOneAgainThatWasKilledWithAllThatItLeftBehind) {
  auto spec = web();
  spec.restart = scenarios::ServiceSpec::Restart::kAlways;
  spec.command = {"sh", "-c",
                  "sleep 1000 & " + std::string("exec python3 -m http.server --bind ") +
                      "127.0.0.1 " + spec.command.back()};
  ASSERT_TRUE(ok(start({spec})));
  const auto before = services_->processes().at(0).id;
  ASSERT_TRUE(ok(table_.signal(before, SIGKILL)));
  ASSERT_TRUE(comes("service.restarted"));
  EXPECT_NE(services_->processes().at(0).id, before);
  EXPECT_THAT(events("service.exited"),
              ElementsAre("web.1: was ended by SIGKILL; starts again in 100 ms"));
  EXPECT_THAT(events("service.restarted"),
              ElementsAre(AllOf(StartsWith("web.1: start 2; ready again "),
                                HasSubstr(" ms after it ended"))));
  const auto all = table_.list();
  EXPECT_EQ(std::count_if((*all).begin(), (*all).end(),
                          [&](const auto& one) { return one.session == before.pid; }),
            0);
  EXPECT_EQ(journal_->open_changes(), 1U);
}

TEST_F(ServicesTest, StartsOneAgainMoreAndMoreSlowlyWhenItKeepsEnding) {
  auto spec = shell("exit 1");
  spec.restart = scenarios::ServiceSpec::Restart::kAlways;
  ASSERT_TRUE(ok(start({spec})));
  ASSERT_TRUE(comes("service.exited", 3));
  const auto exits = events("service.exited");
  EXPECT_THAT(exits[0], HasSubstr("starts again in 100 ms"));
  EXPECT_THAT(exits[1], HasSubstr("starts again in 200 ms"));
  EXPECT_THAT(exits[2], HasSubstr("starts again in 400 ms"));
}

TEST_F(ServicesTest, LeavesOneDownWhosePolicyIsNever) {
  ASSERT_TRUE(ok(start({web()})));
  ASSERT_TRUE(ok(table_.signal(services_->processes().at(0).id, SIGKILL)));
  ASSERT_TRUE(comes("service.exited"));
  EXPECT_THAT(events("service.exited"), ElementsAre("web.1: was ended by SIGKILL"));
  EXPECT_THAT(services_->processes(), IsEmpty());

  ASSERT_TRUE(ok(services_->restart("web", 1)));  // But does as it is told.
  EXPECT_THAT(services_->processes(), SizeIs(1));
}

TEST_F(ServicesTest, RestartsOneOnRequestAndWaitsUntilItIsReady) {
  const auto spec = web(2);
  ASSERT_TRUE(ok(start({spec})));
  const auto before = services_->processes();
  ASSERT_TRUE(ok(services_->restart("web", 2)));
  const auto now = services_->processes();
  ASSERT_THAT(now, SizeIs(2));
  EXPECT_EQ(now[0], before[0]);
  EXPECT_NE(now[1].id, before[1].id);
  EXPECT_TRUE(failed_with(services_->restart("web", 3), std::errc::invalid_argument));
}

TEST_F(ServicesTest, KillsOneThatDoesNotStopInTime) {
  auto spec = shell("trap '' TERM; echo up; sleep 1000 & while true; do wait; done");
  spec.stop_within = 200ms;
  ASSERT_TRUE(ok(start({spec})));
  ASSERT_TRUE(eventually(5s, [&] { return file_size(folder_ / "run/services/job.1.log") > 0; }));
  ASSERT_TRUE(ok(services_->stop_all()));
  EXPECT_THAT(events("service.stopped"), ElementsAre("job.1: was ended by SIGKILL"));
  EXPECT_EQ(what_is_left(), "");
}

TEST_F(ServicesTest, StopsInOrderOneThatAFaultHasStopped) {
  ASSERT_TRUE(ok(start({web()})));
  ASSERT_TRUE(ok(table_.signal(services_->processes().at(0).id, SIGSTOP)));
  ASSERT_TRUE(ok(services_->stop_all()));
  EXPECT_THAT(events("service.stopped"), ElementsAre("web.1: was ended by SIGTERM"));
}

TEST_F(ServicesTest, CatchesOneThatGoesIntoTheBackground) {
  auto spec = web();
  spec.command = {"sh", "-c", "setsid sh -c 'sleep 1000 & wait' & sleep 0.1"};
  const auto started = start({spec});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message(), HasSubstr("in the background, which were ended too"));
  EXPECT_EQ(what_is_left(), "");
}

TEST_F(ServicesTest, StartsNothingThatCannotBeWrittenDown) {
  ASSERT_TRUE(ok(make({shell("echo it ran; exec sleep 1000")})));
  ASSERT_TRUE(ok(journal_->close()));
  EXPECT_FALSE(services_->start_all());
  EXPECT_EQ(file_size(folder_ / "run/services/job.1.log"), 0U);
}

}  // namespace
}  // namespace squall::services
