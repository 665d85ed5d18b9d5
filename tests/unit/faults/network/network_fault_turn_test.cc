// Network faults that come and go beside each other: who waits for what of whom.
#include <chrono>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/core/fault_error.h"
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

TEST_F(NetworkFaultTurn, PutsBackTheRootThatSomebodyElseMadeWhileItProbed) {
  networks_.on_probe_path_ = [&] {
    networks_.on_probe_path_ = nullptr;
    networks_.set_root({.interface = 2, .parent = kRootParent, .handle = 0x70000, .kind = "fq"});
  };
  const NetworkSite site{networks_,   Capabilities::all(), FakeNetworks::kSpace,
                         "77_5000_1", held_.get(),         true};
  auto injected = inject(site, *journal_, everything(), "f");
  ASSERT_TRUE(ok(injected));
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_THAT(networks_.state(), testing::Contains("qdisc 2 root 7: fq "));
  EXPECT_EQ(journal_->open_changes(), 0U);
}

TEST_F(NetworkFaultTurn, PutsBackWhatSomebodyElseMadeBelowTheRootWhileItProbed) {
  networks_.set_root({.interface = 2, .parent = kRootParent, .handle = 0x10000, .kind = "htb"});
  const TreePart part{
      .what = TreePart::What::kClass, .parent = kRootParent, .handle = 0x10010, .kind = "htb"};
  networks_.on_probe_path_ = [&] { networks_.set_tree(2, {part}); };
  const NetworkSite site{networks_,   Capabilities::all(), FakeNetworks::kSpace,
                         "77_5000_1", held_.get(),         true};
  auto injected = inject(site, *journal_, everything(), "f");
  ASSERT_TRUE(ok(injected));
  networks_.on_probe_path_ = nullptr;
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_THAT(networks_.state(), testing::Contains("part 1:10 htb "));
}

TEST_F(NetworkFaultTurn, TouchesNothingOfARootThatCameWhileItProbedAndCouldNotBePutBack) {
  networks_.on_probe_path_ = [&] {
    networks_.set_root({.interface = 2, .parent = kRootParent, .handle = 0x70000, .kind = "cake"});
  };
  int changes = 0;
  networks_.on_change_ = [&] { ++changes; };
  const NetworkSite site{networks_,   Capabilities::all(), FakeNetworks::kSpace,
                         "77_5000_1", held_.get(),         true};
  const auto injected = inject(site, *journal_, everything(), "f");
  ASSERT_FALSE(injected);
  EXPECT_THAT(injected.error().message(), HasSubstr("cake 7:, could not be put back exactly"));
  EXPECT_FALSE(is_residue(injected.error()));
  EXPECT_EQ(changes, 0);
  EXPECT_EQ(journal_->open_changes(), 0U);
  EXPECT_TRUE(held_->in(FakeNetworks::kSpace).empty());
}

TEST_F(NetworkFaultTurn, ComesBeforeOneThatHasEndedIsTakenBack) {
  const auto before = networks_.state();
  auto ended = inject_it(to_port(1), 1);
  ASSERT_TRUE(ok(ended));
  std::future<Result<void>> ends;
  networks_.on_probe_path_ = [&] {
    if (ends.valid()) return;
    ended->let_go();
    ends = std::async(std::launch::async, [&] { return ended->active.revert(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // By then it could be gone.
  };
  const NetworkSite site{networks_,   Capabilities::all(), FakeNetworks::kSpace,
                         "77_5000_2", held_.get(),         true};
  auto injected = inject(site, *journal_, to_port(2), "f2");
  networks_.on_probe_path_ = nullptr;
  ASSERT_TRUE(ends.valid());
  EXPECT_TRUE(ok(ends.get()));
  ASSERT_TRUE(ok(injected));
  EXPECT_THAT(injected->seen, HasSubstr("it shares our root with f1"));
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

TEST_F(NetworkFaultTurn, LetsNobodyMeetWhatIsHalfMadeOfOneThatFailed) {
  const auto before = networks_.state();
  std::future<std::vector<std::string>> met;
  int changes = 0;
  networks_.on_change_ = [&] {
    if (++changes != 2) return;
    std::promise<void> is_about_to_ask;
    auto asks = is_about_to_ask.get_future();
    met = std::async(std::launch::async, [&, about = std::move(is_about_to_ask)]() mutable {
      about.set_value();
      const HeldFaults::Turn turn(*held_, FakeNetworks::kSpace);
      return networks_.state();
    });
    asks.wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // By then it has asked.
    networks_.refuse_call(3);
  };
  const auto injected = inject_it(everything());
  ASSERT_FALSE(injected);
  EXPECT_FALSE(is_residue(injected.error())) << injected.error().message();
  ASSERT_TRUE(met.valid());
  EXPECT_EQ(met.get(), before);
  EXPECT_EQ(networks_.state(), before);
}

TEST_F(NetworkFaultTurn, WaitsForOneWhoseEndIsDueAndForNoOther) {
  const auto before = networks_.state();
  const auto now = std::chrono::steady_clock::now();
  NetworkSite site{networks_, Capabilities::all(), FakeNetworks::kSpace, "77_5000_1", held_.get()};
  site.until = now + std::chrono::hours(1);
  auto first = inject(site, *journal_, everything(), "f1");
  ASSERT_TRUE(ok(first));
  const auto refused = inject_it(everything(), 2);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("packets that f1 meets"));
  ASSERT_TRUE(ok(first->active.revert()));

  site.name = "77_5000_3";
  site.until = now;
  auto due = inject(site, *journal_, everything(), "f3");
  ASSERT_TRUE(ok(due));
  auto ends = std::async(std::launch::async, [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // The other waits by then.
    return due->active.revert();
  });
  auto next = inject_it(everything(), 4);
  EXPECT_TRUE(ok(next));
  EXPECT_TRUE(ok(ends.get()));
  ASSERT_TRUE(next && ok(next->active.revert()));
  EXPECT_EQ(networks_.state(), before);
}

TEST_F(NetworkFaultTurn, WaitsForOneWhoseEndIsDueThatCameWhileItProbed) {
  std::optional<Result<InjectedNetworkFault>> other;
  std::future<Result<void>> ends;
  networks_.on_probe_path_ = [&] {
    if (other) return;
    NetworkSite late{networks_, Capabilities::all(), FakeNetworks::kSpace, "77_5000_1",
                     held_.get()};
    late.until = std::chrono::steady_clock::now();
    other.emplace(inject(late, *journal_, everything(), "f1"));
    ends = std::async(std::launch::async, [&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      return (*other)->active.revert();
    });
  };
  const NetworkSite site{networks_,   Capabilities::all(), FakeNetworks::kSpace,
                         "77_5000_2", held_.get(),         true};
  const auto injected = inject(site, *journal_, everything(), "f2");
  EXPECT_TRUE(ok(injected));
  ASSERT_TRUE(ends.valid());
  EXPECT_TRUE(ok(ends.get()));
}

TEST(HeldFaults, OfOneThatCouldNotBeTakenBackAreNotDueAnyMore) {
  HeldFaults held;
  const auto now = std::chrono::steady_clock::now();
  held.add({.label = "f", .fault = everything(), .undo = {}, .until = now});
  EXPECT_TRUE(held.in(0).front().is_due(now));
  EXPECT_FALSE(held.in(0).front().is_due(now - std::chrono::seconds(1)));
  held.mark("", HeldFault::State::kEnding);
  EXPECT_TRUE(held.in(0).front().is_due(now));
  held.mark("", HeldFault::State::kInForce);
  EXPECT_FALSE(held.in(0).front().is_due(now));
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
