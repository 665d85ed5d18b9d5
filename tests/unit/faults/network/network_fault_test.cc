#include "faults/network/network_fault.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/core/fault_error.h"
#include "faults/core/recover.h"

#include "tests/support/fake_networks.h"
#include "tests/support/fake_process_table.h"
#include "tests/support/result_matchers.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/faults/network/network_fault_fixture.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST_F(NetworkFaultTest, LeavesAllAsItWasWhenItIsReverted) {
  const auto before = networks_.state();
  auto injected = inject_it(everything());
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(injected->seen, HasSubstr("netem 50a2:"));
  EXPECT_EQ(journal_->open_changes(), 1U);
  EXPECT_NE(networks_.state(), before);
  networks_.count("met", 900);
  networks_.count("lost", 100);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(networks_.state(), before);
  EXPECT_EQ(journal_->open_changes(), 0U);
  // Each is counted in both directions.
  EXPECT_EQ(injected->look().seen, "2000 packets met, 200 (10 %) of them lost");
  EXPECT_TRUE(injected->look().took);
}

TEST_F(NetworkFaultTest, MeetsNoMorePacketsOnceItIsLetGoAndTakesTheRestBackLater) {
  const auto before = networks_.state();
  auto injected = inject_it(everything());
  ASSERT_TRUE(ok(injected));
  networks_.count("met", 900);
  networks_.count("lost", 100);
  {
    const HeldFaults::Turn another_takes_its_time(*held_, FakeNetworks::kSpace);
    injected->let_go();
  }
  EXPECT_EQ(networks_.rules(), 0U);
  EXPECT_NE(networks_.state(), before) << "its qdiscs, with what is in them";
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(networks_.state(), before);
  EXPECT_EQ(injected->look().seen, "2000 packets met, 200 (10 %) of them lost");
}

TEST_F(NetworkFaultTest, LetsTheNextForTheSamePacketsComeWhileWhatItDelayedStillLeaves) {
  const auto before = networks_.state();
  auto earlier = inject_it(everything());
  ASSERT_TRUE(ok(earlier));
  std::optional<Result<InjectedNetworkFault>> later;
  networks_.keep_waiting(3);
  networks_.on_pause_ = [&] {
    if (later) return;
    ASSERT_FALSE(held_->is_being_changed(FakeNetworks::kSpace))
        << "nobody else's change waits for packets";
    later.emplace(inject_it(everything(), 2));
    networks_.keep_waiting(0);
  };
  ASSERT_TRUE(ok(earlier->active.revert()));
  ASSERT_TRUE(later.has_value());
  ASSERT_TRUE(ok(*later));
  EXPECT_THAT((*later)->seen, HasSubstr("it shares our root with f1"));
  EXPECT_NE(networks_.state(), before);
  EXPECT_GT(networks_.rules(), 0U);
  ASSERT_TRUE(ok((*later)->active.revert()));
  EXPECT_EQ(networks_.state(), before);
  EXPECT_EQ(journal_->open_changes(), 0U);
}

TEST_F(NetworkFaultTest, WaitsForOneThatEndsWhereItCannotStandBesideIt) {
  NetworkFault twice;
  twice.interface = "va";
  twice.duplicate = Share{0.5};
  NetworkFault slow;
  slow.interface = "va";
  slow.delay = 40ms;
  const auto before = networks_.state();
  auto earlier = inject_it(twice);
  ASSERT_TRUE(ok(earlier));
  EXPECT_FALSE(inject_it(slow, 2)) << "it does not end";
  earlier->let_go();
  auto later = std::async(std::launch::async, [&] { return inject_it(slow, 3); });
  EXPECT_EQ(later.wait_for(50ms), std::future_status::timeout);
  ASSERT_TRUE(ok(earlier->active.revert()));
  auto injected = later.get();
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(injected->seen, Not(HasSubstr("shares")));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(networks_.state(), before);
}

TEST_F(NetworkFaultTest, PutsBackARootThatHadAHandleWithItsOptions) {
  networks_.set_root({.interface = 2,
                      .parent = kRootParent,
                      .handle = 0x80010000,
                      .kind = "fq",
                      .options = "opts"});
  const auto before = networks_.state();
  auto injected = inject_it(everything());
  ASSERT_TRUE(ok(injected));
  EXPECT_NE(networks_.state(), before);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(networks_.state(), before);
}

TEST_F(NetworkFaultTest, LeavesNothingBehindWhicheverCallIsRefused) {
  const auto before = networks_.state();
  networks_.refuse_call(0);
  {
    auto whole = inject_it(everything());
    ASSERT_TRUE(ok(whole));
  }
  const int calls = networks_.calls();
  ASSERT_GT(calls, 20);
  int failed = 0;
  for (int call = 1; call <= calls; ++call) {
    networks_.refuse_call(call);
    {
      auto injected = inject_it(everything());
      if (!injected) ++failed;
    }  // An undo that was refused is tried again by recovery.
    networks_.refuse_call(0);
    const auto report =
        recover(folder_.path(), processes_, {.owners_are_dead = true, .networks = &networks_});
    ASSERT_TRUE(ok(report));
    EXPECT_TRUE(report->is_clean()) << "call " << call;
    EXPECT_EQ(networks_.state(), before) << "call " << call;
    journal_.reset();
    SetUp();
  }
  EXPECT_GT(failed, 10);
}

TEST_F(NetworkFaultTest, OfACgroupLeavesNothingBehindWhicheverCallIsRefused) {
  const auto before = networks_.state();
  networks_.make_cgroup("web.slice", 12);
  networks_.count("met", 50);
  networks_.count("lost", 50);
  networks_.refuse_call(0);
  {
    auto whole = inject_it(of_cgroup());
    ASSERT_TRUE(ok(whole));
    ASSERT_TRUE(ok(whole->active.revert()));
    EXPECT_THAT(
        whole->look().seen,
        HasSubstr("200 packets met, 100 (50 %) of them lost; packets without a whole socket"));
  }
  const int calls = networks_.calls();
  ASSERT_GT(calls, 15);
  for (int call = 1; call <= calls; ++call) {
    networks_.refuse_call(call);
    { auto injected = inject_it(of_cgroup()); }
    networks_.refuse_call(0);
    const auto report =
        recover(folder_.path(), processes_, {.owners_are_dead = true, .networks = &networks_});
    ASSERT_TRUE(ok(report));
    EXPECT_TRUE(report->is_clean()) << "call " << call;
    EXPECT_EQ(networks_.state(), before) << "call " << call;
    journal_.reset();
    held_ = std::make_unique<HeldFaults>();
    SetUp();
  }
}

TEST_F(NetworkFaultTest, RefusesACgroupThatIsNotThere) {
  const auto injected = inject_it(of_cgroup());
  ASSERT_FALSE(injected);
  EXPECT_THAT(injected.error().message(), HasSubstr("there is no cgroup web.slice"));
  EXPECT_EQ(journal_->open_changes(), 0U);
}

TEST_F(NetworkFaultTest, IsUndoneByRecoveryWhereverItsAgentDied) {
  const auto before = networks_.state();
  for (int call = 1; call <= 40; ++call) {
    networks_.die_after_call(call);
    { auto injected = inject_it(everything()); }
    networks_.live();
    const auto report =
        recover(folder_.path(), processes_, {.owners_are_dead = true, .networks = &networks_});
    ASSERT_TRUE(ok(report));
    EXPECT_TRUE(report->is_clean()) << "call " << call;
    EXPECT_EQ(networks_.state(), before) << "call " << call;
    journal_.reset();
    SetUp();
  }
}

TEST_F(NetworkFaultTest, SharesTheRootInWhateverOrderTheyComeAndGo) {
  const auto before = networks_.state();
  std::vector<int> order{1, 2, 3};
  do {
    std::map<int, InjectedNetworkFault> active;
    for (const int number : {1, 2, 3}) {
      auto injected = inject_it(to_port(static_cast<std::uint16_t>(1000 + number)), number);
      ASSERT_TRUE(ok(injected));
      active.emplace(number, *std::move(injected));
    }
    const auto shared = networks_.state();
    for (const int number : order) {
      ASSERT_TRUE(ok(active.at(number).active.revert()));
      if (number == order.back()) continue;
      EXPECT_NE(networks_.state(), before);
    }
    EXPECT_EQ(networks_.state(), before);
    EXPECT_EQ(journal_->open_changes(), 0U);
    EXPECT_THAT(shared, testing::Contains("class 2 50a1:6"));
  } while (std::next_permutation(order.begin(), order.end()));
}

/// A root of somebody else's with classes, leaves and filters.
void put_htb(FakeNetworks& networks) {
  using What = TreePart::What;
  networks.set_root(
      {.interface = 2, .parent = kRootParent, .handle = 0x10000, .kind = "htb", .options = "opts"});
  networks.set_tree(2, {{What::kClass, kRootParent, 0x10001, 0, "htb", "rate"},
                        {What::kClass, 0x10001, 0x10010, 0, "htb", "less"},
                        {What::kQdisc, 0x10010, 0x100000, 0, "pfifo", "five"},
                        {What::kFilter, 0x10000, 6, 0x10008, "fw", ""}});
}

TEST_F(NetworkFaultTest, PutsBackAllThatWasBelowTheRoot) {
  put_htb(networks_);
  const auto before = networks_.state();
  auto injected = inject_it(everything());
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(networks_.state(), testing::Not(testing::Contains("part 1:1 htb rate")));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(networks_.state(), before);
}

TEST_F(NetworkFaultTest, PutsBackAllThatWasBelowTheRootWhereverItDied) {
  put_htb(networks_);
  const auto before = networks_.state();
  networks_.die_after_call(1000);
  const auto live_a_while = [&] {
    auto injected = inject_it(everything());
    if (injected) (void)injected->active.revert();
  };
  live_a_while();
  const int calls = networks_.calls();
  ASSERT_GT(calls, 40);
  for (int call = 1; call <= calls; ++call) {
    journal_.reset();
    held_ = std::make_unique<HeldFaults>();
    SetUp();
    networks_.die_after_call(call);
    live_a_while();
    networks_.live();
    const auto report =
        recover(folder_.path(), processes_, {.owners_are_dead = true, .networks = &networks_});
    ASSERT_TRUE(ok(report));
    EXPECT_TRUE(report->is_clean()) << "call " << call;
    EXPECT_EQ(networks_.state(), before) << "call " << call;
  }
}

TEST_F(NetworkFaultTest, TellsWhatBearsOurMarksAfterTheLastAndDidNotBeforeTheFirst) {
  networks_.add_link({.index = 3, .name = "squall8", .kind = "ifb"});  // A dead one's.
  networks_.add_link({.index = 4, .name = "vb", .kind = "veth", .is_up = true});
  auto first = inject_it(to_port(1), 1);
  auto second = inject_it(to_port(2), 2);
  ASSERT_TRUE(ok(first) && ok(second));
  networks_.add_link({.index = 5, .name = "squall7", .kind = "ifb"});
  FakeNetwork network(networks_);
  ASSERT_TRUE(ok(network.change(
      message_to_put({.interface = 4, .parent = kRootParent, .handle = kOurRoot, .kind = "htb"}))));
  ASSERT_TRUE(ok(first->active.revert()));
  const auto reverted = second->active.revert();
  ASSERT_FALSE(reverted);
  EXPECT_TRUE(is_residue(reverted.error()));
  EXPECT_THAT(reverted.error().message(),
              HasSubstr("left behind: interface squall7, qdisc htb 50a1: of vb"));
  EXPECT_EQ(journal_->open_changes(), 1U);
}

TEST_F(NetworkFaultTest, TakesThePlaceThatAnotherLeft) {
  const auto before = networks_.state();
  auto first = inject_it(to_port(1), 1);
  auto second = inject_it(to_port(2), 2);
  ASSERT_TRUE(ok(first) && ok(second));
  const auto both = networks_.state();
  ASSERT_TRUE(ok(first->active.revert()));
  auto third = inject_it(to_port(3), 3);
  ASSERT_TRUE(ok(third));
  EXPECT_THAT(networks_.state(), testing::Contains("class 2 50a1:1"));
  EXPECT_THAT(networks_.state(), testing::Contains("class 2 50a1:3"));
  ASSERT_TRUE(ok(second->active.revert()));
  ASSERT_TRUE(ok(third->active.revert()));
  EXPECT_EQ(networks_.state(), before);
}

TEST_F(NetworkFaultTest, RefusesTheSameTrafficTwice) {
  auto first = inject_it(to_port(1), 1);
  ASSERT_TRUE(ok(first));
  const auto shared = networks_.state();
  const auto second = inject_it(everything(), 2);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), HasSubstr("packets that f1 meets"));
  EXPECT_EQ(networks_.state(), shared);
}

TEST_F(NetworkFaultTest, IsUndoneByRecoveryWhereverItsAgentDiedAmongThree) {
  networks_.set_root(
      {.interface = 2, .parent = kRootParent, .handle = 0x80010000, .kind = "fq", .options = "o"});
  const auto before = networks_.state();
  // Comes, comes, the first goes, another comes: and dies after each single call of all that.
  const auto live_a_while = [&] {
    auto first = inject_it(to_port(1), 1);
    auto second = inject_it(to_port(2), 2);
    if (first) (void)first->active.revert();
    auto third = inject_it(to_port(3), 3);
    if (second) (void)second->active.revert();
  };
  networks_.die_after_call(100'000);
  live_a_while();
  const int calls = networks_.calls();
  EXPECT_EQ(networks_.state(), before);
  ASSERT_GT(calls, 100);
  for (int call = 1; call <= calls; ++call) {
    journal_.reset();
    held_ = std::make_unique<HeldFaults>();
    SetUp();
    networks_.die_after_call(call);
    live_a_while();
    networks_.live();
    const auto report =
        recover(folder_.path(), processes_, {.owners_are_dead = true, .networks = &networks_});
    ASSERT_TRUE(ok(report));
    EXPECT_TRUE(report->is_clean()) << "call " << call;
    EXPECT_EQ(networks_.state(), before) << "call " << call;
  }
}

TEST_F(NetworkFaultTest, GoesOnAndOffWithItsPulseAndIsUndoneOnce) {
  const auto before = networks_.state();
  networks_.count("met", 10);
  auto injected = inject_it(everything(), 1, Pulse{2ms, 2ms});
  ASSERT_TRUE(ok(injected));
  EXPECT_EQ(journal_->open_changes(), 1U);
  std::this_thread::sleep_for(30ms);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(networks_.state(), before);
  EXPECT_EQ(journal_->open_changes(), 0U);
  EXPECT_THAT(injected->look().seen, HasSubstr(" pulses of 2 ms, "));
  auto slower = inject_it(everything(), 2, Pulse{1h, 1h});
  ASSERT_TRUE(ok(slower));
  ASSERT_TRUE(ok(slower->active.revert()));
  EXPECT_THAT(slower->look().seen, HasSubstr("1 pulses of "));
  EXPECT_TRUE(slower->look().took) << slower->look().why_not;
}

TEST_F(NetworkFaultTest, IsIneffectiveWithPulsesThatAreTooShortToBeSwitched) {
  networks_.count("met", 900);
  networks_.count("lost", 100);
  auto injected = inject_it(everything(), 1, Pulse{1us, 1us});
  ASSERT_TRUE(ok(injected));
  const auto end = std::chrono::steady_clock::now() + 20ms;
  while (std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_FALSE(injected->look().took);
  EXPECT_THAT(injected->look().why_not, HasSubstr("pulses came: it could not be switched so fast"));
}

TEST_F(NetworkFaultTest, IsUndoneByRecoveryWhereverItsAgentDiedBetweenPulses) {
  const auto before = networks_.state();
  for (int call = 20; call <= 50; ++call) {
    networks_.die_after_call(call);
    {
      auto injected = inject_it(everything(), 1, Pulse{100us, 100us});
      std::this_thread::sleep_for(3ms);
    }
    networks_.live();
    const auto report =
        recover(folder_.path(), processes_, {.owners_are_dead = true, .networks = &networks_});
    ASSERT_TRUE(ok(report));
    EXPECT_TRUE(report->is_clean()) << "call " << call;
    EXPECT_EQ(networks_.state(), before) << "call " << call;
    journal_.reset();
    held_ = std::make_unique<HeldFaults>();
    SetUp();
  }
}

TEST_F(NetworkFaultTest, SaysWhenItCannotBeProbed) {
  networks_.count("met", 10);
  auto injected =
      inject({networks_, Capabilities::all(), FakeNetworks::kSpace, "77_5000_1", held_.get(), true},
             *journal_, everything(), "f");
  ASSERT_TRUE(ok(injected));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_THAT(injected->look().seen, HasSubstr("; not probed: the fake sends none"));
}

TEST_F(NetworkFaultTest, ChangesNothingWhenItsTimeIsOverBeforeItsTurnComes) {
  const auto before = networks_.state();
  NetworkSite site{networks_, Capabilities::all(), FakeNetworks::kSpace, "77_5000_1", held_.get()};
  site.is_over = [] { return true; };
  const auto injected = inject(site, *journal_, everything(), "late", {});
  ASSERT_FALSE(injected);
  EXPECT_EQ(injected.error().code, std::errc::operation_canceled);
  EXPECT_EQ(networks_.state(), before);
  EXPECT_EQ(journal_->open_changes(), 0U);
}

TEST_F(NetworkFaultTest, WritesNothingToTheJournalWhenThePlanIsRefused) {
  NetworkFault fault = everything();
  fault.interface = "vx";
  const auto injected = inject_it(fault);
  ASSERT_FALSE(injected);
  EXPECT_THAT(injected.error().message(), HasSubstr("no interface 'vx'"));
  EXPECT_EQ(journal_->open_changes(), 0U);
}

TEST_F(NetworkFaultTest, TellsWhatTheKernelSaidAndOfWhichLine) {
  networks_.forget_kind("netem");
  const auto injected = inject_it(everything());
  ASSERT_FALSE(injected);
  EXPECT_THAT(injected.error().message(),
              HasSubstr("f1: tc qdisc add dev va parent 50a1:1 handle 50a2: netem"));
  EXPECT_THAT(injected.error().message(), HasSubstr("Specified qdisc kind is unknown"));
  EXPECT_FALSE(is_residue(injected.error()));
}

}  // namespace
}  // namespace squall::faults
