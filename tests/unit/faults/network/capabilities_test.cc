#include "faults/network/capabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_networks.h"
#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

TEST(Capabilities, AreWhatTheKernelLetsBeDone) {
  FakeNetworks networks;
  networks.add_link({.index = 1, .name = "lo", .kind = "", .mtu = 65536, .is_up = false});
  networks.forget_kind("netem");
  FakeNetwork scratch(networks);
  const auto can = probe_capabilities(scratch);
  ASSERT_TRUE(ok(can));
  Capabilities all_but_netem = Capabilities::all();
  all_but_netem.netem = false;
  EXPECT_EQ(*can, all_but_netem);
  EXPECT_THAT(describe(*can), testing::Contains("netem: no (delay, jitter, duplicate, corrupt, "
                                                "reorder, gilbert_elliott)"));
}

TEST(Capabilities, CannotBeKnownWithoutALoopback) {
  FakeNetworks networks;
  FakeNetwork scratch(networks);
  EXPECT_FALSE(probe_capabilities(scratch));
}

}  // namespace
}  // namespace squall::faults
