// Network faults that come and go beside each other: who waits for what of whom.
#include <cstdint>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/network/held_faults.h"
#include "faults/network/network_fault.h"

#include "tests/support/fake_networks.h"
#include "tests/support/result_matchers.h"
#include "tests/unit/faults/network/network_fault_fixture.h"

namespace squall::faults {
namespace {

using testing::HasSubstr;

class NetworkFaultTurn : public NetworkFaultTest {};

TEST_F(NetworkFaultTurn, KeepsOthersWaitingForItsChangesAndNotForItsProbes) {
  int changes = 0;
  int paths = 0;
  const auto is_its_turn = [&] { return held_->is_being_changed(FakeNetworks::kSpace); };
  networks_.on_probe_path_ = [&] {
    ++paths;
    EXPECT_FALSE(is_its_turn());
  };
  networks_.on_change_ = [&] {
    ++changes;
    EXPECT_TRUE(is_its_turn());
  };
  networks_.on_pause_ = [&] { EXPECT_FALSE(is_its_turn()); };
  const NetworkSite site{networks_,   Capabilities::all(), FakeNetworks::kSpace,
                         "77_5000_1", held_.get(),         true};
  auto injected = inject(site, *journal_, everything(), "f");
  ASSERT_TRUE(ok(injected));
  EXPECT_FALSE(is_its_turn());
  networks_.keep_waiting(3);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_GT(changes, 5);
  EXPECT_GT(paths, 0);
}

TEST_F(NetworkFaultTurn, IsPlannedAnewWhenAnotherCameWhileItProbed) {
  const auto before = networks_.state();
  std::optional<Result<InjectedNetworkFault>> other;
  networks_.on_probe_path_ = [&] {
    if (!other) other.emplace(inject_it(to_port(1), 1));
  };
  const NetworkSite site{networks_,   Capabilities::all(), FakeNetworks::kSpace,
                         "77_5000_2", held_.get(),         true};
  auto injected = inject(site, *journal_, to_port(2), "f2");
  ASSERT_TRUE(ok(injected));
  ASSERT_TRUE(other && ok(*other));
  EXPECT_THAT(injected->seen, HasSubstr("it shares our root with f1"));
  EXPECT_THAT(networks_.state(), testing::Contains("class 2 50a1:1"));
  EXPECT_THAT(networks_.state(), testing::Contains("class 2 50a1:3"));
  ASSERT_TRUE(ok((*other)->active.revert()));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_EQ(networks_.state(), before);
}

TEST_F(NetworkFaultTurn, RemembersWhatBoreOurMarksThoughTheOneBeforeGoesWhileItProbes) {
  networks_.add_link({.index = 3, .name = "squall8", .kind = "ifb"});  // A dead one's.
  auto other = inject_it(to_port(1), 1);
  ASSERT_TRUE(ok(other));
  networks_.on_probe_path_ = [&] { ASSERT_TRUE(ok(other->active.revert())); };
  const NetworkSite site{networks_,   Capabilities::all(), FakeNetworks::kSpace,
                         "77_5000_2", held_.get(),         true};
  auto injected = inject(site, *journal_, to_port(2), "f2");
  ASSERT_TRUE(ok(injected));
  networks_.on_probe_path_ = nullptr;
  ASSERT_TRUE(ok(injected->active.revert()));
}

TEST_F(NetworkFaultTurn, IsRefusedWhenAnotherForTheSamePacketsCameWhileItProbed) {
  std::optional<Result<InjectedNetworkFault>> other;
  networks_.on_probe_path_ = [&] {
    if (!other) other.emplace(inject_it(everything(), 1));
  };
  const NetworkSite site{networks_,   Capabilities::all(), FakeNetworks::kSpace,
                         "77_5000_2", held_.get(),         true};
  const auto injected = inject(site, *journal_, everything(), "f2");
  ASSERT_FALSE(injected);
  EXPECT_THAT(injected.error().message(), HasSubstr("packets that f1 meets"));
  EXPECT_EQ(journal_->open_changes(), 1U);
}

TEST(HeldFaults, OfOneNamespaceHaveNoneOfAnotherWait) {
  HeldFaults held;
  const HeldFaults::Turn here(held, 1);
  EXPECT_FALSE(held.is_being_changed(2));
  const HeldFaults::Turn elsewhere(held, 2);  // Else this would never return.
  EXPECT_TRUE(held.is_being_changed(1));
}

TEST(HeldFaults, KnowWhetherAnythingWasChangedSinceAnAge) {
  HeldFaults held;
  const auto age = held.age(1);
  EXPECT_TRUE(HeldFaults::Turn(held, 1).is_first_since(age));
  EXPECT_FALSE(HeldFaults::Turn(held, 1).is_first_since(age));
  std::uint64_t in_between = 0;
  {
    const HeldFaults::Turn turn(held, 1);
    in_between = held.age(1);
  }
  EXPECT_FALSE(HeldFaults::Turn(held, 1).is_first_since(in_between));
}

}  // namespace
}  // namespace squall::faults
