#include "faults/network/network_plan.h"

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

/// The plan's lines, then a dash, then those of its undo.
std::vector<std::string> lines(const NetworkFault& fault, const NetworkFacts& facts) {
  const auto plan = plan_network(fault, facts, "1_2_3");
  EXPECT_TRUE(ok(plan));
  std::vector<std::string> all;
  if (!plan) return all;
  for (const NetworkChange& change : plan->changes) {
    std::string text = change.line;
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n')) {
      all.push_back(text.substr(0, at));
      text.erase(0, at + 1);
    }
    all.push_back(text);
  }
  all.emplace_back("-");
  all.insert(all.end(), plan->undo_lines.begin(), plan->undo_lines.end());
  return all;
}

std::string refusal(const NetworkFault& fault, const NetworkFacts& facts) {
  const auto plan = plan_network(fault, facts, "1_2_3");
  return plan ? "" : plan.error().message();
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
          "tc class add dev va parent 50a1: classid 50a1:1 htb rate 1e+11bit",
          "tc qdisc add dev va parent 50a1:1 handle 50a2: netem limit 48829 delay 40ms 10ms "
          "distribution normal rate 8796gbit",
          "tc class add dev va parent 50a1: classid 50a1:2 htb rate 1e+11bit",
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
          "-", "nft delete table netdev squall_1_2_3", "tc qdisc delete dev va root handle 50a1:"));
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
                  "tc class add dev squall0 parent 50a1: classid 50a1:1 htb rate 1e+11bit",
                  "tc qdisc add dev squall0 parent 50a1:1 handle 50a2: netem limit 24415 "
                  "delay 40ms",
                  "ip link set squall0 up",
                  "nft add chain netdev squall_1_2_3 in { type filter hook ingress device "
                  "\"va\" priority 0; policy accept; }",
                  "nft add rule netdev squall_1_2_3 in counter fwd to \"squall0\"", "-",
                  "nft delete table netdev squall_1_2_3", "ip link delete squall0"));
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
  EXPECT_EQ(all.at(2), "tc class add dev va parent 50a1: classid 50a1:1 htb rate 1e+07bit");
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
  EXPECT_EQ(all.at(5), "nft delete table inet squall_1_2_3");
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
  root.kind = "htb";
  root.handle = 0x10000;
  EXPECT_THAT(refusal(fault, facts), HasSubstr("htb 1:, could not be put back exactly"));
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
  EXPECT_EQ(plan->undo_lines.back(),
            "tc qdisc replace dev va root handle 8001: fq_codel (its options as they were)");
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
  EXPECT_THAT(lines(fault, facts),
              ElementsAre("nft add table netdev squall_1_2_3",
                          "tc class add dev va parent 50a1: classid 50a1:4 htb rate 1e+11bit",
                          "tc qdisc add dev va parent 50a1:4 handle 50a5: blackhole",
                          "nft add chain netdev squall_1_2_3 out { type filter hook egress device "
                          "\"va\" priority 0; policy accept; }",
                          "nft add rule netdev squall_1_2_3 out meta l4proto { tcp, udp } th dport "
                          "443 numgen random mod 1000000 < 500000 counter meta priority set 50a1:4 "
                          "accept",
                          "nft add rule netdev squall_1_2_3 out meta l4proto { tcp, udp } th dport "
                          "443 counter accept",
                          "-", "nft delete table netdev squall_1_2_3",
                          "tc class delete dev va classid 50a1:4"));
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
  EXPECT_THAT(refusal(fault, facts),
              HasSubstr("it would meet packets that slow-80 meets, which is in force on va"));
  fault.direction = NetworkFault::Direction::kIn;
  EXPECT_THAT(refusal(fault, facts), IsEmpty());
  facts.held.front().undo.interface = 6;
  fault.direction = NetworkFault::Direction::kOut;
  EXPECT_THAT(refusal(fault, facts), IsEmpty());
}

TEST(NetemLimit, HoldsWhatTheRateSendsWhileItIsDelayed) {
  // 1 Gbit/s in packets of 256 bytes are 488,281 packets/s; a quarter is spare.
  EXPECT_EQ(netem_limit(100ms, 0ms, {}), 61'036U);
  EXPECT_EQ(netem_limit(100ms, 25ms, {}), 122'071U);
  EXPECT_EQ(netem_limit(1ms, 0ms, {}), 1000U);
  EXPECT_EQ(netem_limit(100ms, 0ms, 100e6), 12'208U);
  EXPECT_EQ(netem_limit(1h, 0ms, {}), 4'000'000U);
}

/// Mean and standard deviation of a table, in jitters.
std::pair<double, double> moments(const std::string& table) {
  double sum = 0;
  double squares = 0;
  const std::size_t entries = table.size() / 2;
  for (std::size_t i = 0; i < entries; ++i) {
    std::int16_t value = 0;
    std::memcpy(&value, &table[2 * i], sizeof value);
    sum += value / 8192.0;
    squares += value / 8192.0 * value / 8192.0;
  }
  const double mean = sum / static_cast<double>(entries);
  return {mean, std::sqrt(squares / static_cast<double>(entries) - mean * mean)};
}

TEST(DistributionTable, HasNoMeanAndTheJitterAsItsDeviation) {
  using Distribution = Impairment::Distribution;
  EXPECT_THAT(distribution_table(Distribution::kUniform), IsEmpty());
  const auto [normal_mean, normal_deviation] = moments(distribution_table(Distribution::kNormal));
  EXPECT_NEAR(normal_mean, 0, 0.001);
  EXPECT_NEAR(normal_deviation, 1, 0.002);
  // Its tail goes on for ever, but netem's tables end at 4.
  const auto [pareto_mean, pareto_deviation] = moments(distribution_table(Distribution::kPareto));
  EXPECT_NEAR(pareto_mean, 0, 0.001);
  EXPECT_NEAR(pareto_deviation, 0.75, 0.05);
}

}  // namespace
}  // namespace squall::faults
