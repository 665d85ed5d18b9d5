#include "harness/agent/policy.h"

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::agent {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

generators::TargetSpec target(const std::string& host) {
  generators::TargetSpec made;
  made.name = "edge";
  made.urls.push_back({.scheme = "http", .host = host, .port = 80, .path = "/"});
  return made;
}

faults::FaultSpec network_fault() {
  faults::FaultSpec fault;
  fault.name = "slow";
  fault.length = 20s;
  faults::NetworkFault what;
  what.interface = "eth0";
  what.delay = 80ms;
  what.jitter = 20ms;
  what.loss = Share{0.02};
  fault.what = what;
  return fault;
}

faults::FaultSpec kill(std::optional<std::string> faults::ProcessMatch::*by,
                       const std::string& text) {
  faults::FaultSpec fault;
  fault.name = "kill";
  faults::ProcessFault what;
  what.match.*by = text;
  fault.what = what;
  return fault;
}

Policy parsed(const std::string& text) {
  auto policy = Policy::parse(text, "policy.yaml");
  EXPECT_TRUE(ok(policy));
  return policy ? *policy : Policy();
}

TEST(AddressBlock, HoldsWhatBeginsAsItDoes) {
  EXPECT_TRUE(is_within("10.1.2.3", "10.0.0.0/8"));
  EXPECT_TRUE(is_within("10.1.2.3", "10.1.2.3"));
  EXPECT_TRUE(is_within("fd00::1", "fd00::/16"));
  EXPECT_TRUE(is_within("::ffff:127.0.0.1", "127.0.0.0/8"));
  EXPECT_TRUE(is_within("192.168.1.129", "192.168.1.128/25"));
  EXPECT_TRUE(is_within("1.2.3.4", "0.0.0.0/0"));
}

TEST(AddressBlock, HoldsNothingElse) {
  EXPECT_FALSE(is_within("11.1.2.3", "10.0.0.0/8"));
  EXPECT_FALSE(is_within("192.168.1.127", "192.168.1.128/25"));
  EXPECT_FALSE(is_within("::1", "127.0.0.0/8"));
  EXPECT_FALSE(is_within("10.0.0.1", "::/0"));
  EXPECT_FALSE(is_within("localhost", "0.0.0.0/0"));
  EXPECT_FALSE(is_within("10.0.0.1", "10.0.0.0/33"));
  EXPECT_FALSE(is_within("10.0.0.1", "10.0.0.0/"));
  EXPECT_FALSE(is_within("", ""));
}

TEST(Policy, AllowsLoadToLoopbackAloneAndNoFaultWhereNothingIsSaid) {
  const Policy policy;
  EXPECT_THAT(policy.against(target("127.0.0.1")), IsEmpty());
  EXPECT_THAT(policy.against(target("::1")), IsEmpty());
  EXPECT_THAT(policy.against(target("10.0.0.7")), ElementsAre("load to 10.0.0.7 (target edge)"));
  EXPECT_THAT(policy.against(target("0.0.0.0")), testing::SizeIs(1));
  EXPECT_THAT(policy.against(network_fault()),
              ElementsAre("fault slow: faults of kind network", "fault slow: interface eth0"));
  EXPECT_THAT(policy.coordinators, ElementsAre("main"));
}

TEST(Policy, LooksAtEachAddressOfAName) {
  generators::TargetSpec named = target("edge.example");
  EXPECT_THAT(Policy().against(named), testing::SizeIs(1));  // Nobody has looked it up.
  named.resolve["edge.example"] = {"127.0.0.1", "10.0.0.7"};
  EXPECT_THAT(Policy().against(named), ElementsAre("load to 10.0.0.7 (target edge)"));
}

TEST(Policy, PinsWhatANameStandsFor) {
  generators::TargetSpec named = target("localhost");
  ASSERT_TRUE(ok(pin_addresses(named)));
  EXPECT_THAT(named.resolve["localhost"], testing::Not(IsEmpty()));
  EXPECT_THAT(Policy().against(named), IsEmpty());
}

TEST(Policy, HoldsAFaultToItsLimits) {
  const Policy wide = parsed("faults: {kinds: [network], interfaces: [eth0, eth1]}");
  EXPECT_THAT(wide.against(network_fault()), IsEmpty());
  const Policy narrow =
      parsed("faults: {kinds: [network], interfaces: [eth0], longest: 10s, delay: 90ms, loss: 1%}");
  EXPECT_THAT(narrow.against(network_fault()),
              ElementsAre("fault slow: 20 s of it, limit 10 s",
                          "fault slow: a delay of 100 ms, limit 90 ms",
                          "fault slow: a loss of 2 %, limit 1 %"));
  faults::FaultSpec cut = network_fault();
  std::get<faults::NetworkFault>(cut.what).partition = true;
  EXPECT_THAT(parsed("faults: {kinds: [network], interfaces: [eth0], loss: 99%}").against(cut),
              ElementsAre("fault slow: a loss of 100 %, limit 99 %"));
  faults::FaultSpec elsewhere = network_fault();
  std::get<faults::NetworkFault>(elsewhere.what).namespace_name = "other";
  EXPECT_THAT(wide.against(elsewhere), ElementsAre("fault slow: another network namespace"));
}

TEST(Policy, LetsNoRateOrCorruptionGetAroundALimitOfDelayOrLoss) {
  faults::FaultSpec fault = network_fault();
  auto& network = std::get<faults::NetworkFault>(fault.what);
  network.rate_bits_per_second = 64e3;
  const std::string kinds = "faults: {kinds: [network], interfaces: [eth0], loss: 10%";
  EXPECT_THAT(parsed(kinds + "}").against(fault),
              ElementsAre("fault slow: a rate, as delay or loss is limited and 'rate' does not say "
                          "how low"));
  EXPECT_THAT(parsed(kinds + ", rate: 1mbit}").against(fault),
              ElementsAre("fault slow: a rate of 64 kbit/s, at least 1000 kbit/s"));
  EXPECT_THAT(parsed(kinds + ", rate: 64kbit}").against(fault), IsEmpty());
  EXPECT_THAT(parsed("faults: {kinds: [network], interfaces: [eth0]}").against(fault), IsEmpty());
  network.corrupt = Share{0.5};
  EXPECT_THAT(parsed(kinds + ", rate: 64kbit}").against(fault),
              ElementsAre("fault slow: a loss of 51 %, limit 10 %"));
}

TEST(Policy, TakesWhatIsLostAndWhatIsCorruptedTogether) {
  faults::FaultSpec fault = network_fault();
  auto& network = std::get<faults::NetworkFault>(fault.what);
  network.loss = network.corrupt = Share{0.09};
  const std::string kinds = "faults: {kinds: [network], interfaces: [eth0], loss: ";
  EXPECT_THAT(parsed(kinds + "10%}").against(fault),
              ElementsAre("fault slow: a loss of 17.19 %, limit 10 %"));
  EXPECT_THAT(parsed(kinds + "18%}").against(fault), IsEmpty());
  network.corrupt = {};
  EXPECT_THAT(parsed(kinds + "9%}").against(fault), IsEmpty());
  network.loss = {};
  network.loss_every = 10;
  EXPECT_THAT(parsed(kinds + "10%}").against(fault), IsEmpty());
  network.corrupt = Share{0.1};
  EXPECT_THAT(parsed(kinds + "10%}").against(fault),
              ElementsAre("fault slow: a loss of 19 %, limit 10 %"));
}

TEST(Policy, AsksForTheNameOfWhoseFilesAreLimited) {
  faults::FaultSpec fault;
  fault.name = "files";
  faults::DescriptorsPressure files;
  files.of.emplace().pid_file = "/run/sleep.pid";
  fault.what = faults::PressureFault{files};
  const Policy policy = parsed("faults: {kinds: [descriptors], processes: [nginx]}");
  EXPECT_THAT(policy.against(fault),
              ElementsAre("fault files: processes that are not matched by their name"));
  files.of.emplace().name = "nginx";
  fault.what = faults::PressureFault{files};
  EXPECT_THAT(policy.against(fault), IsEmpty());
}

TEST(Policy, KnowsAQuicFaultByItsKind) {
  faults::FaultSpec nat;
  nat.name = "nat";
  nat.length = 20s;
  faults::QuicFault what;
  what.load = "browse";
  what.rebind_every = 2s;
  nat.what = what;
  EXPECT_THAT(parsed("faults: {kinds: [network, quic]}").against(nat), IsEmpty());
  EXPECT_THAT(parsed("faults: {kinds: [network]}").against(nat),
              ElementsAre("fault nat: faults of kind quic"));
}

TEST(Policy, LetsOnlyNamedProcessesBeHit) {
  const Policy policy = parsed("faults: {kinds: [process], processes: [nginx]}");
  EXPECT_THAT(policy.against(kill(&faults::ProcessMatch::name, "nginx")), IsEmpty());
  EXPECT_THAT(policy.against(kill(&faults::ProcessMatch::name, "sshd")),
              ElementsAre("fault kill: process sshd"));
  EXPECT_THAT(policy.against(kill(&faults::ProcessMatch::command_line, "nginx")),
              ElementsAre("fault kill: processes that are not matched by their name"));
}

TEST(Policy, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(parsed("").kinds, IsEmpty());
  EXPECT_THAT(parsed("coordinators: night").coordinators, ElementsAre("night"));
  const auto wrong = Policy::parse(
      "coordinator: [main]\nload: {to: [10.0.0.0/40]}\nfaults: {kinds: [all], longest: 10}\n",
      "policy.yaml");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().trail, HasSubstr("policy.yaml:1:1: "));
  EXPECT_THAT(wrong.error().trail, HasSubstr("policy.yaml:2:"));
  EXPECT_THAT(wrong.error().trail, HasSubstr("policy.yaml:3:18: 'all' is no kind of fault"));
}

}  // namespace
}  // namespace squall::agent
