#include "faults/network/our_marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_networks.h"
#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A namespace with a table of ours, an interface and a root.
class OurMarks : public testing::Test {
 protected:
  void SetUp() override {
    EXPECT_TRUE(ok(network_.nft(json_to_add({"netdev", "squall_77_5000_1"}))));
    networks_.add_link({.index = 5, .name = "squall7", .kind = "ifb"});
    networks_.set_root({.interface = 2, .parent = kRootParent, .handle = kOurRoot, .kind = "htb"});
  }
  std::vector<std::string> marks(const char* owner) {
    const auto found = marks_in(network_, owner);
    EXPECT_TRUE(ok(found));
    return found ? *found : std::vector<std::string>();
  }

  FakeNetworks networks_;
  FakeNetwork network_{networks_};
};

TEST_F(OurMarks, AreTablesInterfacesAndHandles) {
  EXPECT_THAT(marks("77_5000_"),
              ElementsAre("table squall_77_5000_1", "interface squall7", "qdisc htb 50a1: of va"));
}

TEST_F(OurMarks, MayBeAnothersWhereThatOneHasATable) {
  EXPECT_THAT(marks("88_6000_"), IsEmpty());
  EXPECT_TRUE(ok(network_.nft(json_to_add({"inet", "squall_88_6000_3"}))));
  EXPECT_THAT(marks("88_6000_"), ElementsAre("table squall_88_6000_3"));
}

TEST_F(OurMarks, AreNotOnWhatOnlyLooksLikeIt) {
  networks_.set_root({.interface = 2, .parent = kRootParent, .handle = 0x50a00000, .kind = "fq"});
  networks_.add_link({.index = 6, .name = "squall9", .kind = "veth"});
  EXPECT_THAT(marks("77_5000_"), ElementsAre("table squall_77_5000_1", "interface squall7"));
}

TEST_F(OurMarks, AreLeftBehindWhenTheyWereNotThereBefore) {
  const auto before = marks("77_5000_");
  EXPECT_EQ(left_behind(before, before), "");
  EXPECT_EQ(left_behind({before.front()}, before), "interface squall7, qdisc htb 50a1: of va");
}

}  // namespace
}  // namespace squall::faults
