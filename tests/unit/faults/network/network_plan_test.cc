#include "faults/network/network_plan.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/reason.h"

#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

NetworkFacts veth_pair() {
  NetworkFacts facts;
  facts.space = 77;
  facts.is_own_space = false;
  facts.links = {{.index = 1, .name = "lo", .kind = "", .mtu = 65536, .is_up = true},
                 {.index = 5, .name = "va", .kind = "veth", .mtu = 1500, .is_up = true}};
  facts.qdiscs = {{.interface = 5, .parent = kRootParent, .handle = 0, .kind = "noqueue"}};
  facts.default_qdisc = "fq_codel";
  facts.capabilities = Capabilities::all();
  return facts;
}

NetworkFault on_va() {
  NetworkFault fault;
  fault.interface = "va";
  return fault;
}

/// Without the marks that make one word of a command of nft for a shell.
std::string unquoted(std::string line) {
  if (!line.starts_with("nft '") || !line.ends_with('\'')) return line;
  return "nft " + line.substr(5, line.size() - 6);
}

/// The plan's lines, then a dash, then those of its undo.
std::vector<std::string> lines(const NetworkFault& fault, const NetworkFacts& facts) {
  const auto plan = plan_network(fault, facts, "1_2_3");
  EXPECT_TRUE(ok(plan));
  std::vector<std::string> all;
  if (!plan) return all;
  for (const NetworkChange& change : plan->changes) {
    std::string text = change.line;
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n')) {
      all.push_back(unquoted(text.substr(0, at)));
      text.erase(0, at + 1);
    }
    all.push_back(unquoted(text));
  }
  all.emplace_back("-");
  all.insert(all.end(), plan->undo_lines.begin(), plan->undo_lines.end());
  return all;
}

std::string refusal(const NetworkFault& fault, const NetworkFacts& facts) {
  const auto plan = plan_network(fault, facts, "1_2_3");
  return plan ? "" : in_words(plan.error());
}

TEST(NetworkPlan, DelaysOnlyWhatTheFilterMeetsAndLetsAllElsePassAtOnce) {
  NetworkFault fault = on_va();
  fault.delay = 40ms;
  fault.jitter = 10ms;
  fault.distribution = Impairment::Distribution::kNormal;
  fault.loss = Share{0.02};
  fault.to = TrafficFilter{{"10.0.0.0/8", "fd00::/8"}, {443}, "udp"};
  EXPECT_THAT(
      lines(fault, veth_pair()),
      ElementsAre(
          "nft add table netdev squall_1_2_3",
          "tc qdisc replace dev va root handle 50a1: htb default 0 direct_qlen 10000",
          "tc class add dev va parent 50a1: classid 50a1:1 htb rate 100000000000bit",
          "tc qdisc add dev va parent 50a1:1 handle 50a2: netem limit 48829 delay 40ms 10ms "
          "distribution normal rate 8796gbit",
          "tc class add dev va parent 50a1: classid 50a1:2 htb rate 100000000000bit",
          "tc qdisc add dev va parent 50a1:2 handle 50a3: blackhole",
          "nft add chain netdev squall_1_2_3 out { type filter hook egress device \"va\" priority "
          "0; policy accept; }",
          "nft add rule netdev squall_1_2_3 out ip daddr 10.0.0.0/8 meta l4proto udp th dport 443 "
          "numgen random mod 1000000 < 20000 counter meta priority set 50a1:2 accept",
          "nft add rule netdev squall_1_2_3 out ip daddr 10.0.0.0/8 meta l4proto udp th dport 443 "
          "counter meta priority set 50a1:1 accept",
          "nft add rule netdev squall_1_2_3 out ip6 daddr fd00::/8 meta l4proto udp th dport 443 "
          "numgen random mod 1000000 < 20000 counter meta priority set 50a1:2 accept",
          "nft add rule netdev squall_1_2_3 out ip6 daddr fd00::/8 meta l4proto udp th dport 443 "
          "counter meta priority set 50a1:1 accept",
          "-", "nft flush table netdev squall_1_2_3",
          "tc qdisc delete dev va root handle 50a1:", "nft delete table netdev squall_1_2_3"));
}

/// What goes out of the sockets of a group.
NetworkFault of_cgroup() {
  NetworkFault fault = on_va();
  fault.of = TrafficOwner{.cgroup = "/web.slice/web.service/", .service = {}};
  return fault;
}

TEST(NetworkPlan, LetsTheCoordinatorsTrafficPassFirst) {
  NetworkFacts facts = veth_pair();
  facts.is_own_space = true;
  facts.protected_peers = {{"10.0.0.9", 7400}, {"fd00::9", 7400}};
  NetworkFault fault = on_va();
  fault.direction = NetworkFault::Direction::kBoth;
  fault.partition = true;
  const auto all = lines(fault, facts);
  for (const std::string chain : {"out", "in"}) {
    const std::string rule = "nft add rule netdev squall_1_2_3 " + chain + " ";
    const auto at = [&](const std::string& text) {
      return std::find(all.begin(), all.end(), rule + text) - all.begin();
    };
    const auto meets =
        at(chain == "out" ? "counter meta priority set 50a1:2 accept" : "counter drop");
    ASSERT_LT(meets, std::ssize(all));
    EXPECT_LT(at("ip daddr 10.0.0.9 meta l4proto tcp th dport 7400 accept"), meets);
    EXPECT_LT(at("ip saddr 10.0.0.9 meta l4proto tcp th sport 7400 accept"), meets);
    EXPECT_LT(at("ip6 daddr fd00::9 meta l4proto tcp th dport 7400 accept"), meets);
    EXPECT_LT(at("ip6 saddr fd00::9 meta l4proto tcp th sport 7400 accept"), meets);
  }
  facts.is_own_space = false;
  EXPECT_THAT(lines(fault, facts), testing::Not(testing::Contains(HasSubstr("7400"))));
}

TEST(NetworkPlan, LetsNameServersAndGatewaysPassFirst) {
  NetworkFacts facts = veth_pair();
  facts.is_own_space = true;
  facts.protected_peers = {{{"10.0.0.53", 53}, ProtectedPeer::Who::kNameServer},
                           {{"10.0.0.1", 0}, ProtectedPeer::Who::kGateway}};
  NetworkFault fault = on_va();
  fault.partition = true;
  const std::string rule = "nft add rule netdev squall_1_2_3 out ";
  EXPECT_THAT(lines(fault, facts),
              testing::IsSupersetOf(
                  {rule + "ip daddr 10.0.0.53 meta l4proto { tcp, udp } th dport 53 accept",
                   rule + "ip saddr 10.0.0.53 meta l4proto { tcp, udp } th sport 53 accept",
                   rule + "ip daddr 10.0.0.1 accept", rule + "ip saddr 10.0.0.1 accept"}));
  fault.to = TrafficFilter{{"10.0.0.1"}, {}, {}};
  EXPECT_THAT(refusal(fault, facts), HasSubstr("10.0.0.1 is this machine's default gateway"));
  facts.is_own_space = false;
  EXPECT_THAT(refusal(fault, facts), IsEmpty());
}

TEST(NetworkPlan, LetsNeighboursBeFoundWhereAllElseIsMet) {
  NetworkFacts facts = veth_pair();
  facts.is_own_space = true;
  NetworkFault fault = on_va();
  fault.partition = true;
  const std::string rule = "nft add rule netdev squall_1_2_3 out ";
  const std::string arp = rule + "meta protocol arp accept";
  const std::string v6 = rule +
                         "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, "
                         "nd-neighbor-advert } accept";
  EXPECT_THAT(lines(fault, facts), testing::IsSupersetOf({arp, v6}));
  fault.to = TrafficFilter{{"10.0.0.0/8"}, {}, {}};
  EXPECT_THAT(lines(fault, facts), testing::Not(testing::Contains(testing::AnyOf(arp, v6))));
  fault.to = TrafficFilter{{}, {}, "icmp"};
  EXPECT_THAT(lines(fault, facts), testing::Contains(v6));
  EXPECT_THAT(lines(fault, facts), testing::Not(testing::Contains(arp)));
}

TEST(NetworkPlan, RefusesToMeetTheCoordinator) {
  NetworkFacts facts = veth_pair();
  facts.is_own_space = true;
  facts.protected_peers = {{"10.0.0.9", 7400}};
  NetworkFault fault = on_va();
  fault.loss = Share{0.1};
  const auto why = [&](TrafficFilter to) {
    fault.to = std::move(to);
    return refusal(fault, facts);
  };
  const auto refused = HasSubstr("10.0.0.9:7400 is the coordinator's, which is protected");
  EXPECT_THAT(why({{}, {7400}, {}}), refused);
  EXPECT_THAT(why({{"10.0.0.0/8"}, {80, 7400}, "tcp"}), refused);
  EXPECT_THAT(why({{"10.0.0.9"}, {}, {}}), refused);
  EXPECT_THAT(why({{"10.0.0.9/32"}, {}, "tcp"}), refused);
  EXPECT_EQ(why({{"10.0.0.0/8"}, {}, {}}), "");  // Which only passes it by.
  EXPECT_EQ(why({{"10.0.0.9"}, {80}, {}}), "");
  EXPECT_EQ(why({{"10.0.0.9"}, {}, "udp"}), "");
  EXPECT_EQ(why({{"10.1.0.0/16"}, {7400}, {}}), "");
  fault.to.reset();
  fault.from = TrafficFilter{{"10.0.0.9"}, {7400}, {}};
  EXPECT_THAT(refusal(fault, facts), refused);
  facts.is_own_space = false;
  EXPECT_EQ(refusal(fault, facts), "");
}

TEST(NetworkPlan, ChoosesThePacketsOfACgroupBehindTheirSockets) {
  NetworkFault fault = of_cgroup();
  fault.delay = 40ms;
  fault.loss = Share{0.5};
  fault.to = TrafficFilter{{}, {443}, "tcp"};
  NetworkFacts facts = veth_pair();
  facts.capabilities.egress = false;
  EXPECT_THAT(
      lines(fault, facts),
      ElementsAre(
          "nft add table inet squall_1_2_3",
          "tc qdisc replace dev va root handle 50a1: htb default 0 direct_qlen 10000",
          "tc class add dev va parent 50a1: classid 50a1:1 htb rate 100000000000bit",
          "tc qdisc add dev va parent 50a1:1 handle 50a2: netem limit 24415 delay 40ms",
          "tc class add dev va parent 50a1: classid 50a1:2 htb rate 100000000000bit",
          "tc qdisc add dev va parent 50a1:2 handle 50a3: blackhole",
          "nft add chain inet squall_1_2_3 out { type filter hook output priority 0; policy "
          "accept; }",
          "nft add rule inet squall_1_2_3 out oifname \"va\" meta l4proto tcp th dport 443 socket "
          "cgroupv2 level 2 \"web.slice/web.service\" numgen random mod 1000000 < 500000 counter "
          "meta priority set 50a1:2 accept",
          "nft add rule inet squall_1_2_3 out oifname \"va\" meta l4proto tcp th dport 443 socket "
          "cgroupv2 level 2 \"web.slice/web.service\" counter meta priority set 50a1:1 accept",
          "-", "nft flush table inet squall_1_2_3",
          "tc qdisc delete dev va root handle 50a1:", "nft delete table inet squall_1_2_3"));
  const auto plan = plan_network(fault, facts, "1_2_3");
  ASSERT_TRUE(ok(plan));
  EXPECT_EQ(plan->probe_class, kOurRoot | 1U);
  EXPECT_THAT(plan->changes.back().payload,
              HasSubstr("counter meta priority set 50a1:1 accept comment \"met\"\n"));
}

TEST(NetworkPlan, LosesWhatComesInForACgroupWhereItsSocketIsKnown) {
  NetworkFault fault = of_cgroup();
  fault.direction = NetworkFault::Direction::kIn;
  fault.partition = true;
  EXPECT_THAT(lines(fault, veth_pair()),
              testing::Contains("nft add rule inet squall_1_2_3 in iifname \"va\" socket cgroupv2 "
                                "level 2 \"web.slice/web.service\" counter drop"));
}

TEST(NetworkPlan, RefusesOfACgroupWhatCannotBe) {
  NetworkFault fault = of_cgroup();
  fault.delay = 1ms;
  NetworkFacts facts = veth_pair();
  facts.capabilities.cgroup = false;
  EXPECT_EQ(refusal(fault, facts),
            "this kernel has no nftables socket cgroupv2, which a filter by cgroup needs");
  fault.direction = NetworkFault::Direction::kBoth;
  EXPECT_THAT(refusal(fault, veth_pair()), HasSubstr("before it is known whose it is"));
  fault.direction = NetworkFault::Direction::kOut;
  fault.of->cgroup = "a\"b";
  EXPECT_THAT(refusal(fault, veth_pair()), HasSubstr("quotation marks"));
}

TEST(NetworkPlan, LeadsWhatComesInThroughAnInterfaceOfItsOwnAndLeavesTheRootAlone) {
  NetworkFault fault = on_va();
  fault.direction = NetworkFault::Direction::kIn;
  fault.delay = 40ms;
  EXPECT_THAT(
      lines(fault, veth_pair()),
      ElementsAre("nft add table netdev squall_1_2_3", "ip link add squall0 index 1005 type ifb",
                  "tc qdisc replace dev squall0 root handle 50a1: htb default 1 "
                  "direct_qlen 10000",
                  "tc class add dev squall0 parent 50a1: classid 50a1:1 htb rate 100000000000bit",
                  "tc qdisc add dev squall0 parent 50a1:1 handle 50a2: netem limit 24415 "
                  "delay 40ms",
                  "ip link set squall0 up",
                  "nft add chain netdev squall_1_2_3 in { type filter hook ingress device "
                  "\"va\" priority 0; policy accept; }",
                  "nft add rule netdev squall_1_2_3 in counter fwd to \"squall0\"", "-",
                  "nft flush table netdev squall_1_2_3", "ip link delete squall0",
                  "nft delete table netdev squall_1_2_3"));
}

TEST(NetworkPlan, CutsBothWaysWithoutNetem) {
  NetworkFacts facts = veth_pair();
  facts.capabilities.netem = false;
  NetworkFault fault = on_va();
  fault.direction = NetworkFault::Direction::kBoth;
  fault.partition = true;
  fault.to = TrafficFilter{{"10.0.0.2"}, {}, {}};
  const auto all = lines(fault, facts);
  EXPECT_THAT(all, testing::Contains("nft add rule netdev squall_1_2_3 out ip daddr 10.0.0.2 "
                                     "counter meta priority set 50a1:2 accept"));
  EXPECT_THAT(
      all, testing::Contains("nft add rule netdev squall_1_2_3 in ip saddr 10.0.0.2 counter drop"));
}

TEST(NetworkPlan, SlowsToARateWithoutNetem) {
  NetworkFacts facts = veth_pair();
  facts.capabilities.netem = false;
  NetworkFault fault = on_va();
  fault.rate_bits_per_second = 10e6;
  const auto all = lines(fault, facts);
  EXPECT_EQ(all.at(2), "tc class add dev va parent 50a1: classid 50a1:1 htb rate 10000000bit");
  EXPECT_EQ(all.at(3), "tc qdisc add dev va parent 50a1:1 handle 50a2: bfifo limit 131072");
}

TEST(NetworkPlan, RejectsTcpByResetAndTheRestAsUnreachable) {
  NetworkFault fault = on_va();
  fault.reject = "reset";
  const auto all = lines(fault, veth_pair());
  EXPECT_EQ(
      all.at(2),
      "nft add rule inet squall_1_2_3 out oifname \"va\" meta l4proto tcp counter reject with "
      "tcp reset");
  EXPECT_EQ(all.at(3),
            "nft add rule inet squall_1_2_3 out oifname \"va\" counter reject with icmpx type "
            "port-unreachable");
  EXPECT_EQ(all.at(5), "nft flush table inet squall_1_2_3");
  EXPECT_EQ(all.at(6), "nft delete table inet squall_1_2_3");
}

TEST(NetworkPlan, LetsSshPassWhereTheAgentIsReached) {
  NetworkFacts facts = veth_pair();
  facts.is_own_space = true;
  NetworkFault fault = on_va();
  fault.partition = true;
  EXPECT_THAT(lines(fault, facts),
              testing::IsSupersetOf({"nft add rule netdev squall_1_2_3 out meta l4proto tcp th "
                                     "sport 22 accept",
                                     "nft add rule netdev squall_1_2_3 out meta l4proto tcp th "
                                     "dport 22 accept"}));
  fault.to = TrafficFilter{{}, {22}, {}};
  EXPECT_THAT(refusal(fault, facts), HasSubstr("SSH"));
  fault.to->transport = "udp";
  EXPECT_THAT(refusal(fault, facts), IsEmpty());
}

TEST(NetworkPlan, RefusesWhatTheKernelCannotDoAndSaysWhatIsMissing) {
  NetworkFacts facts = veth_pair();
  NetworkFault fault = on_va();
  fault.delay = 40ms;
  facts.capabilities.netem = false;
  EXPECT_THAT(refusal(fault, facts),
              HasSubstr("this kernel has no qdisc netem, which delay 40 ms needs"));
  facts = veth_pair();
  facts.capabilities.htb = false;
  EXPECT_THAT(refusal(fault, facts), HasSubstr("no qdisc htb"));
  facts = veth_pair();
  facts.capabilities.ifb = false;
  fault.direction = NetworkFault::Direction::kIn;
  EXPECT_THAT(refusal(fault, facts), HasSubstr("no interfaces ifb"));
  fault.interface = "vx";
  EXPECT_THAT(refusal(fault, facts), HasSubstr("no interface 'vx' (there are: lo, va)"));
}

TEST(NetworkPlan, RefusesARootThatItCouldNotPutBack) {
  NetworkFault fault = on_va();
  fault.partition = true;
  NetworkFacts facts = veth_pair();
  Qdisc& root = facts.qdiscs.front();
  root.kind = "prio";
  root.handle = 0x10000;
  EXPECT_THAT(refusal(fault, facts), HasSubstr("prio 1:, could not be put back exactly"));
  root.kind = "htb";
  facts.trees[5] = {{TreePart::What::kFilter, 0x10000, 1, 0, "flower", ""}};
  EXPECT_THAT(refusal(fault, facts),
              HasSubstr("htb 1:, its filter of kind flower could not be put back exactly"));
  facts.trees.clear();
  root.kind = "mq";
  facts.qdiscs.push_back(
      {.interface = 5, .parent = 0x10001, .handle = 0x20000, .kind = "fq_codel"});
  EXPECT_THAT(refusal(fault, facts), HasSubstr("has children of its own"));
  facts.qdiscs.pop_back();
  EXPECT_THAT(refusal(fault, facts), IsEmpty());
  facts.qdiscs.front().kind = "pfifo_fast";
  EXPECT_THAT(refusal(fault, facts), IsEmpty());
  facts.qdiscs.front().handle = 0;  // The kernel attached it, but would attach another now.
  EXPECT_THAT(refusal(fault, facts), HasSubstr("it would be fq_codel"));
  facts.qdiscs.front().handle = kOurRoot;
  EXPECT_THAT(refusal(fault, facts), HasSubstr("a fault of another squall's"));
}

TEST(NetworkPlan, PutsARootWithAHandleBackWithItsOptions) {
  NetworkFacts facts = veth_pair();
  facts.qdiscs.front() = {.interface = 5,
                          .parent = kRootParent,
                          .handle = 0x80010000,
                          .kind = "fq_codel",
                          .options = "opaque"};
  NetworkFault fault = on_va();
  fault.partition = true;
  const auto plan = plan_network(fault, facts, "1_2_3");
  ASSERT_TRUE(ok(plan));
  EXPECT_EQ(plan->undo.root, (RootBefore{"fq_codel", 0x80010000, "opaque"}));
  EXPECT_EQ(plan->undo_lines.at(1),
            "tc qdisc replace dev va root handle 8001: fq_codel  # and with options that have no "
            "words here");
}

TEST(NetworkPlan, HasLinesThatAShellTakesAsTheyAre) {
  NetworkFacts facts = veth_pair();
  facts.links.push_back({.index = 9, .name = "it's;me", .kind = "veth", .is_up = true});
  facts.qdiscs.push_back({.interface = 9, .parent = kRootParent, .handle = 0, .kind = "noqueue"});
  NetworkFault fault;
  fault.interface = "it's;me";
  fault.rate_bits_per_second = 1'234'567;
  const auto plan = plan_network(fault, facts, "1_2_3");
  ASSERT_TRUE(ok(plan));
  EXPECT_EQ(plan->changes.at(2).line,
            "tc class add dev 'it'\\''s;me' parent 50a1: classid 50a1:1 htb rate 1234567bit");
  const std::string rules = plan->changes.back().line;
  EXPECT_THAT(rules, testing::StartsWith("nft 'add chain netdev squall_1_2_3 out { type filter "
                                         "hook egress device \"it'\\''s;me\" priority 0; "));
  EXPECT_EQ(rules.back(), '\'');
}

TEST(NetworkPlan, TellsTimesAndSharesExactly) {
  NetworkFault fault = on_va();
  fault.delay = Duration{33'333'333};
  fault.corrupt = Share{0.07};
  fault.loss = Share{0.0123456};
  EXPECT_EQ(describe_effect(fault), "delay 33.333333 ms, loss 1.23456 %, corrupt 7 %");
  EXPECT_THAT(lines(fault, veth_pair()),
              testing::Contains(HasSubstr(" delay 33.333333ms corrupt 7%")));
}

/// A fault in force on va that delays what goes to one port.
HeldFault held(std::uint16_t port) {
  HeldFault other;
  other.label = "slow-" + std::to_string(port);
  other.fault = on_va();
  other.fault.delay = 10ms;
  other.fault.to = TrafficFilter{{}, {port}, {}};
  other.undo = {.space = 77,
                .interface = 5,
                .interface_name = "va",
                .table = "squall_1_2_1",
                .ifb = std::nullopt,
                .root = RootBefore{"noqueue", 0, ""},
                .classes = {kOurRoot | 1U}};
  return other;
}

TEST(NetworkPlan, SharesTheRootWithWhatMeetsOtherPackets) {
  NetworkFacts facts = veth_pair();
  facts.held = {held(80)};
  facts.qdiscs.front() = {.interface = 5, .parent = kRootParent, .handle = kOurRoot, .kind = "htb"};
  NetworkFault fault = on_va();
  fault.loss = Share{0.5};
  fault.to = TrafficFilter{{}, {443}, {}};
  EXPECT_THAT(
      lines(fault, facts),
      ElementsAre("nft add table netdev squall_1_2_3",
                  "tc class add dev va parent 50a1: classid 50a1:4 htb rate 100000000000bit",
                  "tc qdisc add dev va parent 50a1:4 handle 50a5: blackhole",
                  "nft add chain netdev squall_1_2_3 out { type filter hook egress device "
                  "\"va\" priority 0; policy accept; }",
                  "nft add rule netdev squall_1_2_3 out meta l4proto { tcp, udp } th dport "
                  "443 numgen random mod 1000000 < 500000 counter meta priority set 50a1:4 "
                  "accept",
                  "nft add rule netdev squall_1_2_3 out meta l4proto { tcp, udp } th dport "
                  "443 counter accept",
                  "-", "nft flush table netdev squall_1_2_3",
                  "tc class delete dev va classid 50a1:4", "nft delete table netdev squall_1_2_3"));
  const auto plan = plan_network(fault, facts, "1_2_3");
  ASSERT_TRUE(ok(plan));
  EXPECT_EQ(plan->undo.root, (RootBefore{"noqueue", 0, ""}));
  EXPECT_THAT(plan->undo.classes, ElementsAre(kOurRoot | 4U));
}

TEST(NetworkPlan, RefusesTheSameTrafficTwice) {
  NetworkFacts facts = veth_pair();
  facts.held = {held(80)};
  NetworkFault fault = on_va();
  fault.partition = true;
  EXPECT_THAT(
      refusal(fault, facts),
      HasSubstr(
          "it would meet packets that slow-80 meets, which is in force on va: those that go out"));
  fault.direction = NetworkFault::Direction::kIn;
  EXPECT_THAT(refusal(fault, facts), IsEmpty());
  facts.held.front().undo.interface = 6;
  fault.direction = NetworkFault::Direction::kOut;
  EXPECT_THAT(refusal(fault, facts), IsEmpty());
}

}  // namespace
}  // namespace squall::faults
