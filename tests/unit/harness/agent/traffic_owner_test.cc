#include "harness/agent/traffic_owner.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"

namespace squall::agent {
namespace {

using faults::TrafficFilter;
using testing::ElementsAre;
using testing::HasSubstr;
using Direction = faults::NetworkFault::Direction;

/// Service web runs as process 50, which has a child 51; this agent is there too.
class TrafficOwnerTest : public testing::Test {
 protected:
  TrafficOwnerTest() {
    table_.add(::getpid(), "squall");
    table_.add(50, "web", ::getpid());
    table_.add(51, "worker", 50);
    scope_.services = {{"web", 1, table_.at(50).id}};
  }

  static faults::NetworkFault of_web(Direction direction = Direction::kOut) {
    faults::NetworkFault fault;
    fault.interface = "eth0";
    fault.direction = direction;
    fault.of = faults::TrafficOwner{.cgroup = {}, .service = "web"};
    return fault;
  }
  Result<OwnedTraffic> find(const faults::NetworkFault& fault) {
    return find_owner(fault, table_, scope_, faults::FakeCgroups::kVersion2);
  }

  faults::FakeProcessTable table_;
  faults::ProcessScope scope_;
};

TEST_F(TrafficOwnerTest, IsKnownByThePortsOnWhichAnyOfItsProcessesListens) {
  table_.listen(50, 8080);
  table_.listen(51, 8443);
  const auto out = find(of_web());
  ASSERT_TRUE(ok(out));
  ASSERT_TRUE(out->fault.from);
  EXPECT_THAT(out->fault.from->ports, ElementsAre(8080, 8443));
  EXPECT_EQ(out->fault.from->transport, "tcp");
  EXPECT_FALSE(out->fault.of);
  EXPECT_FALSE(out->fault.to);
  EXPECT_EQ(out->note, "service web is met by its ports 8080 8443");
  const auto in = find(of_web(Direction::kIn));
  ASSERT_TRUE(ok(in));
  EXPECT_THAT(in->fault.to->ports, ElementsAre(8080, 8443));
  EXPECT_FALSE(in->fault.from);
}

TEST_F(TrafficOwnerTest, IsKnownByItsCgroupWhereItHasOneOfItsOwn) {
  table_.cgroups().put(::getpid(), "/cg/tests");
  table_.cgroups().put(50, "/cg/web.slice");
  table_.cgroups().put(51, "/cg/web.slice/workers");
  const auto found = find(of_web());
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(found->fault.of->cgroup, "/web.slice");
  EXPECT_FALSE(found->fault.from);
  EXPECT_EQ(found->note, "service web is met by its cgroup /web.slice");
}

TEST_F(TrafficOwnerTest, IsKnownByItsPortsWhereTheAgentSharesItsCgroup) {
  table_.listen(50, 8080);
  for (const pid_t pid : {::getpid(), 50, 51}) table_.cgroups().put(pid, "/cg/tests");
  const auto found = find(of_web());
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(found->note, "service web is met by its port 8080");
}

TEST_F(TrafficOwnerTest, IsRefusedWhereNothingTellsItsPackets) {
  const auto silent = find(of_web());
  ASSERT_FALSE(silent);
  EXPECT_THAT(silent.error().message(), HasSubstr("listens on no port"));
  table_.listen(50, 8080);
  auto named = of_web();
  named.from = TrafficFilter{{}, {80}, {}};
  const auto twice = find(named);
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message(), HasSubstr("leave them away in 'from'"));
  auto other = of_web();
  other.to = TrafficFilter{{}, {}, "udp"};
  EXPECT_FALSE(find(other));  // It listens for TCP alone.
  scope_.services.clear();
  EXPECT_FALSE(find(of_web()));
}

TEST_F(TrafficOwnerTest, FailsWhicheverLookIsRefused) {
  table_.listen(50, 8080);
  table_.refuse_call(0);
  ASSERT_TRUE(ok(find(of_web())));
  const int calls = table_.calls();
  ASSERT_GT(calls, 4);
  int failed = 0;
  for (int call = 1; call <= calls; ++call) {
    table_.refuse_call(call);
    const auto found = find(of_web());
    // A cgroup that cannot be seen is none: then the ports say it.
    if (found) {
      EXPECT_EQ(found->note, "service web is met by its port 8080") << call;
    } else {
      ++failed;
    }
  }
  EXPECT_GE(failed, 4);
}

TEST_F(TrafficOwnerTest, LeavesWhatNamesNoServiceAsItIs) {
  faults::NetworkFault fault = of_web();
  fault.of = faults::TrafficOwner{.cgroup = "a.slice", .service = {}};
  const auto found = find(fault);
  ASSERT_TRUE(ok(found));
  EXPECT_EQ(found->fault.of->cgroup, "a.slice");
  EXPECT_EQ(found->note, "");
}

}  // namespace
}  // namespace squall::agent
