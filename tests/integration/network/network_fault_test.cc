#include "faults/network/network_fault.h"

#include <cerrno>
#include <chrono>
#include <string>

#include <gmock/gmock.h>

#include "tests/integration/network/lab.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// What this kernel can do without netem.
class NetworkFaultInForce : public Lab {};

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
    // 100 frames of 1042 bytes at 125,000 bytes/s are 834 ms, less a burst of 3100 bytes.
    const auto arrivals = send_across(AF_INET, 100, 0us, kPort, 1000, out);
    ASSERT_THAT(arrivals, SizeIs(100));
    EXPECT_NEAR(arrivals.back().delay_ms, 809, 100);
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

/// A root qdisc of each kind that this kernel has, and that can be put back.
class RootQdisc : public Lab, public testing::WithParamInterface<const char*> {};

TEST_P(RootQdisc, IsPutBackBitForBit) {
  const std::string words = GetParam();
  std::vector<std::string> command{"ip",    "netns",   "exec", a_,   "tc",
                                   "qdisc", "replace", "dev",  "va", "root"};
  std::size_t begin = 0;
  while (begin < words.size()) {
    const std::size_t end = std::min(words.find(' ', begin), words.size());
    command.push_back(words.substr(begin, end - begin));
    begin = end + 1;
  }
  if (words != "none") run(command);
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
}

INSTANTIATE_TEST_SUITE_P(Here, RootQdisc,
                         testing::Values("none", "handle 1: pfifo_fast", "handle 2: pfifo limit 77",
                                         "handle 3: bfifo limit 7777"));

TEST_F(NetworkFaultInForce, LeavesARootWithClassesAloneBecauseItCouldNotPutItBack) {
  run({"ip", "netns", "exec", a_, "tc", "qdisc", "replace", "dev", "va", "root", "handle",
       "1:", "htb", "default", "1"});
  run({"ip", "netns", "exec", a_, "tc", "class", "add", "dev", "va", "parent", "1:", "classid",
       "1:1", "htb", "rate", "100mbit"});
  const auto before = state();
  NetworkFault fault = on_va();
  fault.partition = true;
  const auto injected = inject_it(fault);
  ASSERT_FALSE(injected);
  EXPECT_THAT(injected.error().message(), HasSubstr("htb 1:, could not be put back exactly"));
  EXPECT_EQ(state(), before);
}

}  // namespace
}  // namespace squall::faults
