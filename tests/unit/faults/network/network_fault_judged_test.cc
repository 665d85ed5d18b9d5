// When a fault did not take, or somebody else has changed what it put in place.
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/faults/network/network_fault_fixture.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

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
  EXPECT_EQ(injected->look().why_not, "none was lost of 10000 packets, where 10 % was asked for");
}

TEST_F(NetworkFaultTest, DidNotTakeWhenSomebodyElseTookItAway) {
  const auto before = networks_.state();
  auto injected = inject_it(everything());
  ASSERT_TRUE(ok(injected));
  networks_.lose_qdiscs();
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_THAT(
      injected->look().why_not,
      testing::MatchesRegex("the root qdisc of va was changed by somebody else .* s after it "
                            "began: it is noqueue"));
  EXPECT_EQ(networks_.state(), before);
}

TEST_F(NetworkFaultTest, TellsThatSomebodyElseChangedOneOfItsClasses) {
  auto injected = inject_it(everything());
  ASSERT_TRUE(ok(injected));
  networks_.count("met", 50);
  networks_.change_class(0x50a10001, "ten times the rate");
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_FALSE(injected->look().took);
  EXPECT_THAT(injected->look().why_not,
              testing::MatchesRegex("class htb 50a1:1 was changed by somebody else .*: it has "
                                    "other options"));
}

TEST_F(NetworkFaultTest, TellsThatSomebodyElseLeadsPacketsElsewhereByAFilter) {
  auto injected = inject_it(everything());
  ASSERT_TRUE(ok(injected));
  networks_.count("met", 50);
  TreePart filter;
  filter.what = TreePart::What::kFilter;
  filter.parent = kOurRoot;
  filter.kind = "u32";
  filter.handle = 0x80000800;
  TreePart its_table = filter;
  its_table.handle = 0x80000000;
  networks_.set_tree(2, {its_table, filter});
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_FALSE(injected->look().took);
  EXPECT_THAT(injected->look().why_not,
              AllOf(HasSubstr("what chooses packets on va was changed by somebody else"),
                    HasSubstr("it has 1 filter of tc instead of 0")));
}

TEST_F(NetworkFaultTest, TellsWhenSomebodyElseChangedItThoughItWasMadeGoodAgain) {
  auto injected = inject({.networks = networks_,
                          .capabilities = Capabilities::all(),
                          .space = FakeNetworks::kSpace,
                          .name = "77_5000_1",
                          .held = held_.get(),
                          .watch = 1ms,
                          .since = std::chrono::steady_clock::now() - 12300ms},
                         *journal_, everything(), "f");
  ASSERT_TRUE(ok(injected));
  networks_.count("met", 50);
  networks_.change_options(0x50a20000, "delay 0");
  std::this_thread::sleep_for(100ms);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_FALSE(injected->look().took);
  EXPECT_THAT(
      injected->look().why_not,
      testing::MatchesRegex("qdisc netem 50a2: was changed by somebody else at 12.[3-9] s: it "
                            "has other options"));
}

TEST_F(NetworkFaultTest, LeavesTheRootOfWhoeverTookItsPlace) {
  for (const char* before : {"fq", "noqueue"}) {
    networks_.set_root({.interface = 2,
                        .parent = kRootParent,
                        .handle = before == std::string("fq") ? 0x80010000U : 0U,
                        .kind = before});
    auto injected = inject_it(everything());
    ASSERT_TRUE(ok(injected));
    networks_.set_root({.interface = 2, .parent = kRootParent, .handle = 0x70000, .kind = "cake"});
    ASSERT_TRUE(ok(injected->active.revert()));
    EXPECT_THAT(injected->look().why_not, HasSubstr(": it is cake 7:"));
    EXPECT_THAT(networks_.state(), testing::ElementsAre("link va", "qdisc 2 root 7: cake "));
    EXPECT_EQ(journal_->open_changes(), 0U);
  }
}

TEST_F(NetworkFaultTest, SaysWhenWhatItMetWasSeveralPacketsAtOnce) {
  for (const std::uint64_t size : {1514, 9000}) {
    auto injected = inject_it(everything());
    ASSERT_TRUE(ok(injected));
    networks_.count("met", 90, size);
    networks_.count("lost", 10, size);
    ASSERT_TRUE(ok(injected->active.revert()));
    const std::string words = "; 9000 bytes in the mean, of an MTU of 1500: many were several";
    EXPECT_EQ(injected->look().seen.find(words) != std::string::npos, size == 9000)
        << injected->look().seen;
  }
}

TEST_F(NetworkFaultTest, TellsOfACgroupThatWasMadeAnew) {
  networks_.make_cgroup("web.slice", 12);
  auto injected = inject_it(of_cgroup());
  ASSERT_TRUE(ok(injected));
  networks_.make_cgroup("web.slice", 13);
  ASSERT_TRUE(ok(injected->active.revert()));
  EXPECT_THAT(injected->look().why_not, HasSubstr("cgroup web.slice was changed by somebody else"));
  EXPECT_THAT(injected->look().why_not, HasSubstr("it is a new one, whose packets are not met"));
}

}  // namespace
}  // namespace squall::faults
