#include "faults/network/rehearsal.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// Of what goes through "va" to one port, from `from` to `to`.
RehearsedFault slow(std::uint16_t port, Duration from, Duration to) {
  RehearsedFault one;
  one.label = "slow-" + std::to_string(port);
  one.fault.interface = "va";
  one.fault.to = TrafficFilter{{}, {port}, {}};
  one.fault.rate_bits_per_second = 1e6;
  one.now.space = 77;
  one.now.is_own_space = false;
  one.now.links = {{.index = 5, .name = "va", .kind = "veth", .mtu = 1500, .is_up = true}};
  one.now.qdiscs = {{.interface = 5, .parent = kRootParent, .handle = 0, .kind = "noqueue"}};
  one.now.default_qdisc = "fq_codel";
  one.now.capabilities = Capabilities::all();
  one.name = "1_2_" + std::to_string(port);
  one.from = from;
  one.to = to;
  return one;
}

std::vector<std::string> lines(const NetworkPlan& plan) {
  std::vector<std::string> all;
  for (const NetworkChange& change : plan.changes) all.push_back(change.line);
  return all;
}

constexpr const char* kDeletesRoot = "tc qdisc delete dev va root handle 50a1:";

TEST(Rehearsal, TellsWhatIsOtherwiseWhileTheOneBeforeIsStillBeingTakenBack) {
  auto again = slow(80, 10500ms, 11s);
  again.label = "slow-80#2";
  auto twice = slow(53, 11s, 12s);
  twice.fault.rate_bits_per_second.reset();
  twice.fault.duplicate = Share{0.1};
  auto late = slow(22, 12s, 13s);
  late.fault.delay = 40ms;
  const auto plans =
      rehearse({slow(80, 1s, 10s), again, twice, late, slow(443, 20s, 21s), slow(444, 23s, 24s)});
  const auto shares = [](const std::string& name) {
    return "while packets are still on their way that " + name +
           " has met, a second at most, it shares our root with it";
  };
  for (const auto& plan : plans) ASSERT_TRUE(ok(plan));
  EXPECT_THAT(plans[0]->notes, ElementsAre());
  EXPECT_THAT(plans[1]->notes, ElementsAre(shares("slow-80")));
  EXPECT_THAT(plans[2]->notes, ElementsAre(shares("slow-80")));
  EXPECT_THAT(plans[3]->notes,
              ElementsAre(shares("slow-80"),
                          "one of it and slow-53 duplicates packets, so it comes only when that is "
                          "gone with all that it delayed, up to a second or so after its end"));
  EXPECT_THAT(plans[4]->notes, ElementsAre());
  EXPECT_THAT(plans[5]->notes, ElementsAre()) << "two seconds later all is gone";
}

TEST(Rehearsal, LetsTheFirstMakeTheRootAndTheLastTakeItBack) {
  const auto plans = rehearse({slow(80, 1s, 10s), slow(443, 5s, 15s), slow(22, 15s, 20s)});
  ASSERT_TRUE(ok(plans[0]) && ok(plans[1]) && ok(plans[2]));
  EXPECT_THAT(lines(*plans[0]), Contains(HasSubstr("replace dev va root")));
  EXPECT_THAT(plans[0]->undo_lines, ElementsAre("nft flush table netdev squall_1_2_80",
                                                "tc class delete dev va classid 50a1:1",
                                                "nft delete table netdev squall_1_2_80"));
  EXPECT_THAT(lines(*plans[1]), Not(Contains(HasSubstr("root"))));
  EXPECT_THAT(lines(*plans[1]), Contains(HasSubstr("classid 50a1:3 ")));
  EXPECT_THAT(plans[1]->notes, Contains("it shares our root with slow-80"));
  EXPECT_THAT(plans[1]->undo_lines,
              ElementsAre("nft flush table netdev squall_1_2_443", kDeletesRoot,
                          "nft delete table netdev squall_1_2_443"));
  EXPECT_THAT(lines(*plans[2]), Contains(HasSubstr("replace dev va root")));
  EXPECT_THAT(plans[2]->undo_lines, Contains(kDeletesRoot));
}

TEST(Rehearsal, LetsOneOfThoseThatEndAtOnceTakeTheRootBack) {
  const auto plans = rehearse({slow(443, 5s, 10s), slow(80, 1s, 10s)});
  ASSERT_TRUE(ok(plans[0]) && ok(plans[1]));
  EXPECT_THAT(plans[0]->undo_lines, Contains(kDeletesRoot));
  EXPECT_THAT(plans[1]->undo_lines, Not(Contains(kDeletesRoot)));
}

TEST(Rehearsal, GivesEachAnInterfaceOfItsOwnForWhatComesIn) {
  auto one = slow(80, 1s, 10s);
  auto other = slow(443, 5s, 15s);
  one.fault.direction = other.fault.direction = NetworkFault::Direction::kIn;
  const auto plans = rehearse({one, other});
  ASSERT_TRUE(ok(plans[0]) && ok(plans[1]));
  EXPECT_EQ(plans[0]->undo.ifb, "squall0");
  EXPECT_EQ(plans[1]->undo.ifb, "squall1");
  EXPECT_NE(plans[0]->ifb, plans[1]->ifb);
}

TEST(Rehearsal, TellsApartWhatIsElsewhere) {
  auto other = slow(443, 5s, 15s);
  other.now.space = 78;
  const auto plans = rehearse({slow(80, 1s, 10s), other});
  ASSERT_TRUE(ok(plans[0]) && ok(plans[1]));
  EXPECT_THAT(plans[0]->undo_lines, Contains(kDeletesRoot));
  EXPECT_THAT(lines(*plans[1]), Contains(HasSubstr("replace dev va root")));
}

TEST(Rehearsal, ForetellsThatNetemDuplicatesBesideNoOther) {
  auto one = slow(80, 1s, 10s);
  auto other = slow(443, 5s, 15s);
  one.fault.delay = 40ms;
  other.fault.duplicate = Share{0.1};
  auto plans = rehearse({one, other});
  EXPECT_TRUE(ok(plans[0]));
  ASSERT_FALSE(plans[1]);
  EXPECT_THAT(plans[1].error().message(),
              HasSubstr("one of it and slow-80 duplicates packets, which kernels refuse"));
  other.from = 10s;
  plans = rehearse({one, other});
  EXPECT_TRUE(ok(plans[1]));
}

TEST(Rehearsal, PlansWhatComesAgainAsItWasPlannedBefore) {
  const auto plans = rehearse({slow(80, 1s, 2s), slow(80, 3s, 4s), slow(443, 3s, 5s)});
  ASSERT_TRUE(ok(plans[0]) && ok(plans[1]) && ok(plans[2]));
  EXPECT_EQ(lines(*plans[0]), lines(*plans[1]));
  EXPECT_THAT(plans[0]->undo_lines, Contains(kDeletesRoot));
  EXPECT_THAT(plans[1]->undo_lines, Not(Contains(kDeletesRoot)));
}

}  // namespace
}  // namespace squall::faults
