#include "faults/network/network_fault.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
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

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Both ways, with everything that there is to be made and taken away.
NetworkFault everything() {
  NetworkFault fault;
  fault.interface = "va";
  fault.direction = NetworkFault::Direction::kBoth;
  fault.delay = 40ms;
  fault.loss = Share{0.1};
  return fault;
}

class NetworkFaultTest : public testing::Test {
 protected:
  void SetUp() override {
    auto boot = boot_id();
    ASSERT_TRUE(ok(boot));
    auto journal = Journal::open(folder_.path(), {{77, 5000}, *boot});
    ASSERT_TRUE(ok(journal));
    journal_ = *std::move(journal);
  }

  Result<InjectedNetworkFault> inject_it(const NetworkFault& fault) { return inject_it(fault, 1); }
  Result<InjectedNetworkFault> inject_it(const NetworkFault& fault, int number,
                                         const std::optional<Pulse>& pulse = {}) {
    const std::string name = "77_5000_" + std::to_string(number);
    return inject({networks_, Capabilities::all(), FakeNetworks::kSpace, name, held_.get()},
                  *journal_, fault, "f" + std::to_string(number), pulse);
  }

  TemporaryFolder folder_;
  FakeNetworks networks_;
  std::unique_ptr<HeldFaults> held_ = std::make_unique<HeldFaults>();
  FakeProcessTable processes_;
  std::unique_ptr<Journal> journal_;
};

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

/// What several faults do at once on one interface, each to a port of its own.
NetworkFault to_port(std::uint16_t port) {
  NetworkFault fault = everything();
  fault.to = TrafficFilter{{}, {port}, {}};
  return fault;
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
  EXPECT_TRUE(injected->look().took) << injected->look().why_not;
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

TEST_F(NetworkFaultTest, DidNotTakeWhenNoPacketCame) {
  auto injected = inject_it(everything());
  ASSERT_TRUE(ok(injected));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_FALSE(injected->look().took);
  EXPECT_EQ(injected->look().why_not, "no packet came that it was for");
}

TEST_F(NetworkFaultTest, DidNotTakeWhenNothingWasLost) {
  auto injected = inject_it(everything());
  ASSERT_TRUE(ok(injected));
  networks_.count("met", 5000);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(injected->look().why_not, "none was lost of 10000 packets");
}

TEST_F(NetworkFaultTest, DidNotTakeWhenSomebodyElseTookItAway) {
  const auto before = networks_.state();
  auto injected = inject_it(everything());
  ASSERT_TRUE(ok(injected));
  networks_.lose_qdiscs();
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_THAT(injected->look().why_not, HasSubstr("somebody else took away qdisc htb 50a1:"));
  EXPECT_EQ(networks_.state(), before);
}

}  // namespace
}  // namespace squall::faults
