#include "faults/network/network_fault.h"

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include <gmock/gmock.h>

#include "tests/integration/network/lab.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// What this kernel can do without netem.
class NetworkFaultInForce : public Lab {
 protected:
  /// A root with classes, leaves and filters.
  void put_htb() {
    for (const char* words :
         {"qdisc replace dev va root handle 1: htb default 20 r2q 50",
          "class add dev va parent 1: classid 1:1 htb rate 100mbit",
          "class add dev va parent 1:1 classid 1:10 htb rate 10mbit ceil 20mbit prio 2",
          "class add dev va parent 1:1 classid 1:20 htb rate 50mbit burst 5k",
          "qdisc add dev va parent 1:10 handle 10: pfifo limit 5",
          "qdisc add dev va parent 1:20 handle 20: bfifo limit 70000",
          "filter add dev va parent 1: protocol ip prio 2 u32 match ip dport 80 0xffff "
          "flowid 1:10",
          "filter add dev va parent 1: protocol ip prio 1 u32 match ip dst 10.9.0.2/32 "
          "match ip sport 7777 0xffff flowid 1:10",
          "filter add dev va parent 1: protocol ipv6 prio 5 handle 2: u32 divisor 4"}) {
      tc(words);
    }
  }
};

TEST_F(NetworkFaultInForce, CutsWhatGoesOutWithoutTheSendersNoticing) {
  const auto before = state();
  NetworkFault fault = on_va();
  fault.partition = true;
  fault.to = TrafficFilter{{"10.9.0.0/24"}, {kPort}, "udp"};
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  // send_across() fails the test when a send is refused.
  EXPECT_THAT(send_across(AF_INET, 200, 0us), IsEmpty());
  EXPECT_THAT(send_across(AF_INET, 200, 0us, kPort + 1), SizeIs(200));
  EXPECT_THAT(send_across(AF_INET6, 200, 0us), SizeIs(200));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(injected->look().seen, "200 packets met, 200 (100 %) of them lost");
  EXPECT_THAT(send_across(AF_INET, 200, 0us), SizeIs(200));
  EXPECT_EQ(state(), before);
}

TEST_F(NetworkFaultInForce, CutsWhatComesIn) {
  const auto before = state();
  NetworkFault fault = on_va();
  fault.direction = NetworkFault::Direction::kIn;
  fault.partition = true;
  fault.from = TrafficFilter{{"fd09::2"}, {}, "udp"};
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(send_across(AF_INET6, 100, 0us, kPort, 100, false), IsEmpty());
  EXPECT_THAT(send_across(AF_INET6, 100, 0us), SizeIs(100));
  EXPECT_THAT(send_across(AF_INET, 100, 0us, kPort, 100, false), SizeIs(100));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(injected->look().seen, "100 packets met, 100 (100 %) of them lost");
  EXPECT_EQ(state(), before);
}

TEST_F(NetworkFaultInForce, LosesTheShareThatWasAskedForOfBothFamilies) {
  constexpr std::uint32_t kCount = 5000;
  NetworkFault fault = on_va();
  fault.loss = Share{0.2};
  fault.to = TrafficFilter{{}, {kPort}, {}};
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  for (const int family : {AF_INET, AF_INET6}) {
    const auto arrived = static_cast<double>(send_across(family, kCount, 0us).size());
    EXPECT_NEAR(kCount - arrived, 0.2 * kCount, five_sigma(0.2, kCount));
    EXPECT_THAT(send_across(family, 500, 0us, kPort + 1), SizeIs(500));
  }
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_TRUE(injected->look().took);
}

TEST_F(NetworkFaultInForce, LosesEachTenthPacketExactly) {
  NetworkFault fault = on_va();
  fault.loss_every = 10;
  fault.to = TrafficFilter{{}, {kPort}, {}};
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(send_across(AF_INET, 1000, 0us), SizeIs(900));
  ASSERT_TRUE(ok(injected->active.revert()));
}

TEST_F(NetworkFaultInForce, SlowsWhatGoesOutAndWhatComesInToARate) {
  for (const bool out : {true, false}) {
    const auto before = state();
    NetworkFault fault = on_va();
    fault.direction = out ? NetworkFault::Direction::kOut : NetworkFault::Direction::kIn;
    fault.rate_bits_per_second = 1e6;
    fault.to = TrafficFilter{{}, {kPort}, {}};
    auto injected = inject_it(fault);
    ASSERT_TRUE(ok(injected));
    for (const int family : {AF_INET, AF_INET6}) {
      // 100 frames of 1042 bytes (1062 for IPv6) at 125,000 bytes/s are 834 ms (850), less a burst
      // of 3100 bytes.
      const auto arrivals = send_across(family, 100, 0us, kPort, 1000, out);
      ASSERT_THAT(arrivals, SizeIs(100));
      EXPECT_NEAR(arrivals.back().delay_ms, family == AF_INET ? 809 : 825, 100);
    }
    ASSERT_TRUE(ok(injected->active.revert()));
    EXPECT_EQ(state(), before);
  }
}

TEST_F(NetworkFaultInForce, RejectsAConnectionByAReset) {
  NetworkFault fault = on_va();
  fault.reject = "reset";
  fault.to = TrafficFilter{{}, {kPort}, "tcp"};
  const auto listener = socket_in(b_, AF_INET, SOCK_STREAM);
  const auto at = address(AF_INET, "2", kPort);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(sockaddr_in)), 0);
  ASSERT_EQ(::listen(listener.get(), 5), 0);
  const auto connects = [&] {
    const auto client = socket_in(a_, AF_INET, SOCK_STREAM);
    const bool connected =
        ::connect(client.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(sockaddr_in)) == 0;
    return connected ? 0 : errno;
  };
  EXPECT_EQ(connects(), 0);
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_EQ(connects(), ECONNREFUSED);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(connects(), 0);
}

TEST_F(NetworkFaultInForce, IsUndoneFromTheJournalWhenItsAgentIsGone) {
  const auto before = state();
  NetworkFault fault = on_va();
  fault.direction = NetworkFault::Direction::kBoth;
  fault.rate_bits_per_second = 1e6;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_NE(state(), before);
  const auto report =
      recover(folder_.path(), processes_, {.owners_are_dead = true, .networks = &networks_});
  ASSERT_TRUE(ok(report));
  ASSERT_THAT(report->changes, SizeIs(1));
  EXPECT_EQ(report->changes[0].outcome, RecoveredChange::Outcome::kUndone);
  EXPECT_EQ(state(), before);
  ASSERT_TRUE(ok(injected->active.revert()));  // Finds nothing left.
}

TEST_F(NetworkFaultInForce, SharesItsInterfaceWithOthersThatMeetOtherPackets) {
  const auto before = state();
  const auto to_port = [](std::uint16_t port) {
    NetworkFault fault = on_va();
    fault.to = TrafficFilter{{}, {port}, "udp"};
    return fault;
  };
  NetworkFault cut = to_port(kPort);
  cut.partition = true;
  NetworkFault slow = to_port(kPort + 1);
  slow.rate_bits_per_second = 1e6;
  auto first = inject_it(cut);
  auto second = inject_it(slow);
  ASSERT_TRUE(ok(first) && ok(second));
  const auto refused = inject_it(cut);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("it would meet packets that f meets"));
  EXPECT_THAT(send_across(AF_INET, 50, 0us, kPort), IsEmpty());
  EXPECT_THAT(send_across(AF_INET, 50, 0us, kPort + 2), SizeIs(50));
  ASSERT_TRUE(ok(first->active.revert()));  // Which put the root there: it stays.
  EXPECT_THAT(send_across(AF_INET, 50, 0us, kPort), SizeIs(50));
  const auto slowed = send_across(AF_INET, 100, 0us, kPort + 1, 1000);
  ASSERT_THAT(slowed, SizeIs(100));
  EXPECT_NEAR(slowed.back().delay_ms, 809, 100);
  auto third = inject_it(cut);
  ASSERT_TRUE(ok(third));
  ASSERT_TRUE(ok(second->active.revert()));
  EXPECT_THAT(send_across(AF_INET, 50, 0us, kPort), IsEmpty());
  ASSERT_TRUE(ok(third->active.revert()));
  EXPECT_EQ(state(), before);
}

TEST_F(NetworkFaultInForce, IsUndoneFromTheJournalBesideAnother) {
  const auto before = state();
  std::vector<InjectedNetworkFault> active;
  for (const std::uint16_t port : {std::uint16_t{1}, std::uint16_t{2}}) {
    NetworkFault fault = on_va();
    fault.to = TrafficFilter{{}, {port}, "udp"};
    fault.partition = true;
    auto injected = inject_it(fault);
    ASSERT_TRUE(ok(injected));
    active.push_back(*std::move(injected));
  }
  const auto report =
      recover(folder_.path(), processes_, {.owners_are_dead = true, .networks = &networks_});
  ASSERT_TRUE(ok(report));
  EXPECT_THAT(report->changes, SizeIs(2));
  EXPECT_TRUE(report->is_clean());
  EXPECT_EQ(state(), before);
  for (auto& one : active) ASSERT_TRUE(ok(one.active.revert()));
}

TEST_F(NetworkFaultInForce, IsWhatAShellMakesOfThePlansLines) {
  const auto before = state();
  NetworkFault slow = on_va();
  slow.rate_bits_per_second = 1'234'567;
  slow.direction = NetworkFault::Direction::kBoth;
  slow.loss = Share{0.5};
  slow.to = TrafficFilter{{"10.9.0.0/24"}, {kPort}, "udp"};
  follow_the_lines(slow, [&] {
    const auto came = send_across(AF_INET, 400, 0us);
    EXPECT_NEAR(static_cast<double>(came.size()), 200, five_sigma(0.5, 400));
  });
  EXPECT_EQ(state(), before);
}

TEST_F(NetworkFaultInForce, IsProbedByPacketsThatItsFilterMeets) {
  probes_ = true;
  NetworkFault cut = on_va();
  cut.partition = true;
  cut.to = TrafficFilter{{"10.9.0.0/24"}, {kPort}, "udp"};
  auto injected = inject_it(cut);
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(send_across(AF_INET, 10, 0us), IsEmpty());
  EXPECT_THAT(send_across(AF_INET, 500, 2ms, kPort + 1), SizeIs(500));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(injected->look().seen,
            "10 packets met, 10 (100 %) of them lost; 100 % lost of 200 probes");
  EXPECT_TRUE(injected->look().took);

  NetworkFault slow = on_va();
  slow.rate_bits_per_second = 2e6;
  slow.to = TrafficFilter{{"fd09::/64"}, {kPort}, "tcp"};
  slow.direction = NetworkFault::Direction::kBoth;
  injected = inject_it(slow);
  ASSERT_TRUE(ok(injected));
  std::this_thread::sleep_for(4s);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_FALSE(injected->look().took);  // Nobody else sent anything.
  EXPECT_THAT(
      injected->look().seen,
      testing::ContainsRegex(
          "^0 packets met; .* (1[.][89][0-9]?|2|2[.][01][0-9]?) Mbit/s of 200 probes; coming in .* "
          "(1[.][89][0-9]?|2|2[.][01][0-9]?) Mbit/s of 200 probes$"));
}

TEST_F(NetworkFaultInForce, ComesAndGoesWithItsPulse) {
  const auto before = state();
  pulse_ = Pulse{100ms, 100ms};
  NetworkFault cut = on_va();
  cut.partition = true;
  auto injected = inject_it(cut);
  ASSERT_TRUE(ok(injected));
  const auto arrived = send_across(AF_INET, 1000, 1ms).size();
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_NEAR(static_cast<double>(arrived), 500, 250);
  EXPECT_THAT(injected->look().seen, HasSubstr(" pulses of 100 ms, "));
  EXPECT_TRUE(injected->look().took) << injected->look().why_not;
  EXPECT_EQ(state(), before);
}

TEST_F(NetworkFaultInForce, TellsWhenSomebodyElseChangedItsRootAndLeavesTheirs) {
  watch_ = 50ms;
  NetworkFault fault = on_va();
  fault.partition = true;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(send_across(AF_INET, 20, 0us), IsEmpty());
  tc("qdisc replace dev va root handle 7: pfifo limit 33");
  const auto theirs = state();
  EXPECT_THAT(send_across(AF_INET, 20, 0us), SizeIs(20));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_FALSE(injected->look().took);
  EXPECT_THAT(
      injected->look().why_not,
      testing::MatchesRegex("the root qdisc of va was changed by somebody else [0-9.]+ s after it "
                            "began: it is pfifo 7:"));
  auto without_table = theirs;
  std::erase_if(without_table, [](const std::string& line) { return line.starts_with("table"); });
  EXPECT_EQ(state(), without_table);
}

TEST_F(NetworkFaultInForce, TellsWhenSomebodyElseFlushedItsRules) {
  watch_ = 50ms;
  const auto before = state();
  NetworkFault fault = on_va();
  fault.partition = true;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  run({"ip", "netns", "exec", a_, "nft", "flush", "ruleset"});
  std::this_thread::sleep_for(300ms);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_THAT(injected->look().why_not, testing::MatchesRegex("table squall_[0-9_]* was changed by "
                                                              "somebody else .*: it is gone"));
  EXPECT_EQ(state(), before);
}

TEST_F(NetworkFaultInForce, SaysWhenLargeSendsCountAsOne) {
  const auto listener = socket_in(b_, AF_INET, SOCK_STREAM);
  const auto client = socket_in(a_, AF_INET, SOCK_STREAM);
  const auto at = address(AF_INET, "2", kPort);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(sockaddr_in)), 0);
  ASSERT_EQ(::listen(listener.get(), 5), 0);
  NetworkFault fault = on_va();
  fault.rate_bits_per_second = 1e9;
  fault.to = TrafficFilter{{}, {kPort}, "tcp"};
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(sockaddr_in)),
            0);
  const UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const std::string much(4 << 20, 'x');
  std::thread reader([&] {
    std::string room(1 << 20, ' ');
    for (std::size_t got = 0; got < much.size();) {
      const ssize_t some = ::read(server.get(), room.data(), room.size());
      if (some <= 0) break;
      got += static_cast<std::size_t>(some);
    }
  });
  EXPECT_EQ(::send(client.get(), much.data(), much.size(), 0), std::ssize(much));
  reader.join();
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_THAT(injected->look().seen,
              testing::ContainsRegex("; [0-9]+ bytes in the mean, of an MTU of 1500: many were "
                                     "several packets of the wire"));
}

TEST_F(NetworkFaultInForce, MeetsOnlyThePacketsOfSocketsMadeInItsCgroup) {
  mount_cgroups();
  if (HasFatalFailure()) return;
  const auto before = state();
  for (const bool out : {true, false}) {
    NetworkFault fault = on_va();
    fault.direction = out ? NetworkFault::Direction::kOut : NetworkFault::Direction::kIn;
    fault.partition = true;
    fault.of = TrafficOwner{.cgroup = "squall_test_" + groups_[0], .service = {}};
    enter(folder_of(groups_[0]));
    auto injected = inject_it(fault);
    ASSERT_TRUE(ok(injected));
    EXPECT_THAT(send_across(AF_INET, 50, 0us, kPort, 100, out), IsEmpty());
    EXPECT_THAT(send_across(AF_INET6, 50, 0us, kPort, 100, out), IsEmpty());
    enter(folder_of(groups_[1]));
    EXPECT_THAT(send_across(AF_INET, 50, 0us, kPort, 100, out), SizeIs(50));
    ASSERT_TRUE(ok(injected->active.revert()));
    EXPECT_THAT(injected->look().seen, HasSubstr("100 packets met, 100 (100 %) of them lost"));
    EXPECT_EQ(state(), before);
  }
  NetworkFault nobodys = on_va();
  nobodys.partition = true;
  nobodys.of = TrafficOwner{.cgroup = "squall_test_none", .service = {}};
  const auto refused = inject_it(nobodys);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("there is no cgroup"));
}

TEST_F(NetworkFaultInForce, SlowsACgroupAndProbesItsClass) {
  mount_cgroups();
  if (HasFatalFailure()) return;
  probes_ = true;
  NetworkFault fault = on_va();
  fault.rate_bits_per_second = 1e6;
  fault.of = TrafficOwner{.cgroup = "/squall_test_" + groups_[0], .service = {}};
  enter(folder_of(groups_[1]));
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  std::this_thread::sleep_for(3s);
  enter(folder_of(groups_[0]));
  const auto slowed = send_across(AF_INET, 100, 0us, kPort, 1000);
  ASSERT_THAT(slowed, SizeIs(100));
  EXPECT_NEAR(slowed.back().delay_ms, 809, 100);
  enter(folder_of(groups_[1]));
  EXPECT_LT(send_across(AF_INET, 100, 0us, kPort, 1000).back().delay_ms, 400);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_TRUE(injected->look().took) << injected->look().why_not;
  EXPECT_THAT(injected->look().seen,
              testing::ContainsRegex("^100 packets met; through its class .* "
                                     "(0[.]9[0-9]*|1|1[.]0[0-9]*) Mbit/s of 200 probes"));
}

/// A root qdisc of each kind that this kernel has, and that can be put back.
class RootQdisc : public Lab, public testing::WithParamInterface<const char*> {};

TEST_P(RootQdisc, IsPutBackBitForBit) {
  const std::string words = GetParam();
  if (words != "none") tc("qdisc replace dev va root " + words);
  const auto before = state();
  NetworkFault fault = on_va();
  fault.partition = true;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_NE(state(), before);
  EXPECT_THAT(send_across(AF_INET, 20, 0us), IsEmpty());
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(state(), before);
  EXPECT_THAT(send_across(AF_INET, 20, 0us), SizeIs(20));
  follow_the_lines(fault, [] {});
  EXPECT_EQ(state(), before);
}

INSTANTIATE_TEST_SUITE_P(Here, RootQdisc,
                         testing::Values("none", "handle 1: pfifo_fast", "handle 2: pfifo limit 77",
                                         "handle 3: bfifo limit 7777"));

TEST_F(NetworkFaultInForce, PutsBackClassesLeavesAndFiltersOfHtbBitForBit) {
  put_htb();
  const auto before = state();
  ASSERT_THAT(before, SizeIs(testing::Gt(8U)));
  NetworkFault fault = on_va();
  fault.partition = true;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(send_across(AF_INET, 20, 0us), IsEmpty());
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(state(), before);
  EXPECT_THAT(send_across(AF_INET, 20, 1ms), SizeIs(20));
  follow_the_lines(fault, [] {});
  EXPECT_EQ(state(), before) << "nor is anything else there after the lines of its plan";
}

TEST_F(NetworkFaultInForce, PutsBackHashTablesOfU32AndWhatALinkLayerTakesOfHtb) {
  for (const char* words :
       {"qdisc replace dev va root handle 1: htb default 20",
        "class add dev va parent 1: classid 1:20 htb rate 50mbit overhead 18 mpu 64",
        "class add dev va parent 1: classid 1:10 htb rate 10mbit ceil 20mbit overhead 40 "
        "linklayer atm",
        "filter add dev va parent 1: protocol ip prio 3 handle 3: u32 divisor 256",
        "filter add dev va parent 1: protocol ip prio 3 u32 ht 3:5: match ip src 10.9.0.5 "
        "flowid 1:10",
        "filter add dev va parent 1: protocol ip prio 3 u32 ht 3:a1: match tcp dst 80 0xffff "
        "flowid 1:10",
        "filter add dev va parent 1: protocol ip prio 3 u32 ht 800: match ip src 10.9.0.0/24 "
        "hashkey mask 0x000000ff at 12 link 3:",
        "filter add dev va parent 1: protocol ip prio 3 u32 ht 800: match ip protocol 6 0xff "
        "link 3: offset at 0 mask 0x0f00 shift 6 plus 4 eat"}) {
    tc(words);
  }
  const auto before = state();
  ASSERT_THAT(before, SizeIs(testing::Gt(8U)));
  NetworkFault fault = on_va();
  fault.partition = true;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(state(), before);
  follow_the_lines(fault, [] {});
  EXPECT_EQ(state(), before);
}

TEST_F(NetworkFaultInForce, PutsBackTheQueuesOfAnInterfaceThatHasSeveral) {
  run({"ip", "-n", a_, "link", "add", "vm", "numtxqueues", "4", "numrxqueues", "4", "type", "veth",
       "peer", "name", "vn", "numtxqueues", "4", "numrxqueues", "4"});
  run({"ip", "-n", a_, "link", "set", "vm", "up"});
  tc("qdisc replace dev vm root handle 5: mq");
  tc("qdisc replace dev vm parent 5:2 handle 52: pfifo limit 9");
  const auto before = state();
  NetworkFault fault;
  fault.interface = "vm";
  fault.partition = true;
  auto injected = inject_it(fault);
  ASSERT_TRUE(ok(injected));
  EXPECT_NE(state(), before);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(state(), before);
  follow_the_lines(fault, [] {});
  EXPECT_EQ(state(), before);
}

TEST_F(NetworkFaultInForce, LeavesARootAloneThatItCouldNotPutBack) {
  tc("qdisc replace dev va root handle 1: htb default 1");
  tc("class add dev va parent 1: classid 1:1 htb rate 100mbit");
  tc("qdisc add dev va parent 1:1 handle 3: tbf rate 1mbit burst 10k latency 50ms");
  const auto before = state();
  NetworkFault fault = on_va();
  fault.partition = true;
  const auto injected = inject_it(fault);
  ASSERT_FALSE(injected);
  EXPECT_THAT(injected.error().message(),
              HasSubstr("htb 1:, its qdisc tbf 3: could not be put back exactly"));
  EXPECT_EQ(state(), before);
}

}  // namespace
}  // namespace squall::faults
