#include "reports/judge/returns.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/judge/run_result.h"

#include "tests/support/sample_run.h"

namespace squall::reports {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

FaultRecord kill_of(const std::string& seen) {
  FaultRecord fault;
  fault.name = fault.label = "kill";
  fault.state = FaultRecord::State::kDone;
  fault.from = fault.to = 3s;
  fault.seen = seen;
  return fault;
}

/// A run in which a fault kills web, which listens on 8443, at 3 s.
SampleRun run_with_a_kill() {
  SampleRun run = good_run();
  auto& scenario = run.record().scenario;
  scenarios::ServiceSpec web;
  web.name = "web";
  web.command = {"server", "--listen", "127.0.0.1:${port(8443)}"};
  web.count = 2;
  scenario.services.push_back(web);
  faults::FaultSpec spec;
  spec.name = "kill";
  faults::ProcessFault kill;
  kill.match.service = "web";
  spec.what = kill;
  scenario.faults.push_back(spec);
  run.record().faults.push_back(kill_of("web.1: 1 process (pid 7) killed"));
  return run;
}

Event refused(Duration at, const std::string& address) {
  return {at, "agent-1", "warning", "", "no connection to " + address + ": Connection refused"};
}

TEST(ReadyAgain, IsTheFirstReturnOfEachInstanceThatTheFaultEnded) {
  const std::vector<Event> events{{2s, "", "service.restarted", "web.1", ""},
                                  {3s, "", "service.exited", "web.1", ""},
                                  {3200ms, "", "service.restarted", "web.11", ""},
                                  {3400ms, "", "service.restarted", "web.1", ""},
                                  {5s, "", "service.restarted", "web.1", ""},
                                  {3500ms, "", "service.restarted", "db.1", ""}};
  EXPECT_THAT(ready_again(kill_of("web.1: 3 processes (pids 7, 8, 9) killed"), events),
              ElementsAre(Pair("web.1", 400ms)));
  EXPECT_THAT(ready_again(kill_of("web.1 restarted and ready, db.1 restarted and ready"), events),
              ElementsAre(Pair("db.1", 500ms), Pair("web.1", 400ms)));
  EXPECT_THAT(ready_again(kill_of("nginx: 1 process (pid 7) killed"), events), IsEmpty());
  EXPECT_THAT(ready_again({}, events), IsEmpty());
}

TEST(FaultBehind, IsTheOneThatEndedWhoWasToAnswer) {
  SampleRun run = run_with_a_kill();
  run.record().events = {{3s, "", "service.exited", "web.1", ""},
                         {3400ms, "", "service.restarted", "web.1", ""}};
  EXPECT_EQ(fault_behind(refused(3100ms, "127.0.0.1:8443"), run.record()), "kill");
  EXPECT_EQ(fault_behind(refused(3100ms, "127.0.0.1:8444"), run.record()), "kill");
  EXPECT_EQ(fault_behind(refused(4s, "127.0.0.1:8443"), run.record()), "kill");  // Told of late.
  EXPECT_FALSE(fault_behind(refused(2900ms, "127.0.0.1:8443"), run.record())) << "before it";
  EXPECT_FALSE(fault_behind(refused(5s, "127.0.0.1:8443"), run.record())) << "it was ready again";
  EXPECT_FALSE(fault_behind(refused(3100ms, "127.0.0.1:8445"), run.record())) << "not web's";
  EXPECT_FALSE(fault_behind(refused(3100ms, "127.0.0.1:84430"), run.record()));
  const Event other{3100ms, "agent-1", "warning", "", "the rows of users are used up"};
  EXPECT_FALSE(fault_behind(other, run.record()));
}

TEST(FaultBehind, StaysWhereWhatItEndedDoesNotComeBack) {
  SampleRun run = run_with_a_kill();
  run.record().events = {{3s, "", "service.exited", "web.1", ""}};
  EXPECT_EQ(fault_behind(refused(9s, "127.0.0.1:8443"), run.record()), "kill");
}

TEST(FaultBehind, IsTheLinkOrTheRejectOfTheAddress) {
  SampleRun run = good_run();
  auto& scenario = run.record().scenario;
  scenario.targets.front().urls.push_back(
      {.scheme = "http", .host = "10.0.0.1", .port = 8080, .path = "/"});
  faults::FaultSpec spec;
  spec.name = "kill";
  spec.length = 2s;
  faults::LinkFault link;
  link.target = "edge";
  link.refuse = true;
  spec.what = link;
  scenario.faults.push_back(spec);
  FaultRecord fault = kill_of("");
  fault.to = 5s;
  run.record().faults.push_back(fault);
  EXPECT_EQ(fault_behind(refused(4s, "10.0.0.1:8080"), run.record()), "kill");
  EXPECT_FALSE(fault_behind(refused(4s, "10.0.0.2:8080"), run.record()));
  EXPECT_FALSE(fault_behind(refused(7s, "10.0.0.1:8080"), run.record()));

  faults::NetworkFault reject;
  reject.reject = "reset";
  reject.to = faults::TrafficFilter{.cidrs = {}, .ports = {8080}, .transport = {}};
  scenario.faults.front().what = reject;
  EXPECT_EQ(fault_behind(refused(4s, "10.0.0.1:8080"), run.record()), "kill");
  EXPECT_FALSE(fault_behind(refused(4s, "10.0.0.1:8081"), run.record()));
}

TEST(Judge, TellsWhatAFaultWasToBringAboutAsItsDoingAndNotAsAWarning) {
  SampleRun run = run_with_a_kill();
  run.record().events = {{3s, "", "service.exited", "web.1", ""},
                         refused(3100ms, "127.0.0.1:8443"),
                         refused(3100ms, "10.0.0.9:80")};
  const RunResult result = judge(run.record());
  EXPECT_THAT(result.warnings, ElementsAre("no connection to 10.0.0.9:80: Connection refused"));
  ASSERT_EQ(result.events.size(), 3U);
  EXPECT_EQ(result.events[1].kind, "note");
  EXPECT_EQ(result.events[1].subject, "kill");
  EXPECT_EQ(result.events[1].detail,
            "expected of this fault: no connection to 127.0.0.1:8443: Connection refused");
}

}  // namespace
}  // namespace squall::reports
