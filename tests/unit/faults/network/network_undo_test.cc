#include "faults/network/network_undo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/core/journal_text.h"

#include "tests/support/fake_networks.h"
#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

NetworkUndo undo() {
  NetworkUndo made;
  made.space = FakeNetworks::kSpace;
  made.interface = 2;
  made.interface_name = "va";
  made.table = "squall_77_5000_1";
  made.root = RootBefore{"noqueue", 0, ""};
  return made;
}

TEST(NetworkUndo, FindsNothingToDoWhereNothingIsLeft) {
  FakeNetworks networks;
  const auto before = networks.state();
  const auto undone = take_back(undo(), networks);
  ASSERT_TRUE(ok(undone));
  EXPECT_FALSE(*undone);
  EXPECT_EQ(networks.state(), before);
}

TEST(NetworkUndo, FindsNothingToDoWhereTheNamespaceIsGone) {
  FakeNetworks networks;
  NetworkUndo gone = undo();
  gone.space = 1;
  const auto undone = take_back(gone, networks);
  ASSERT_TRUE(ok(undone));
  EXPECT_FALSE(*undone);
}

TEST(NetworkUndo, LeavesARootOfSomebodyElseAlone) {
  FakeNetworks networks;
  networks.set_root({.interface = 2, .parent = kRootParent, .handle = 0x10000, .kind = "fq"});
  const auto before = networks.state();
  const auto undone = take_back(undo(), networks);
  // Nothing of ours is left: that theirs came is told by whoever watched the fault.
  EXPECT_TRUE(ok(undone));
  EXPECT_EQ(networks.state(), before);
}

TEST(NetworkUndo, GoesThroughTheJournalWhole) {
  NetworkUndo whole = undo();
  whole.ifb = "squall3";
  whole.root = RootBefore{"fq_codel", 0x80010000, std::string("\0\xff\x10z", 4)};
  const JournalEntry entry{4, "boot", {"intent", "prior", whole}};
  const auto contents = read_journal(entry_line(entry));
  ASSERT_THAT(contents.open, SizeIs(1));
  EXPECT_EQ(std::get<NetworkUndo>(contents.open[0].change.undo), whole);
}

TEST(NetworkUndo, IsUnreadableWhenItAsksForWhatIsNotOurs) {
  for (const auto& [table, ifb] : {std::pair("filter", "squall0"), std::pair("squall_1", "eth0"),
                                   std::pair("squall_\"", "squall0")}) {
    NetworkUndo foreign = undo();
    foreign.table = table;
    foreign.ifb = ifb;
    EXPECT_FALSE(is_ours(foreign));
    const JournalEntry entry{4, "boot", {"intent", "prior", foreign}};
    EXPECT_EQ(read_journal(entry_line(entry)).unreadable, 1U);
  }
}

/// What a fault of a dead agent left, and no journal.
void leave_behind(FakeNetworks& networks) {
  networks.set_root({.interface = 2, .parent = kRootParent, .handle = kOurRoot, .kind = "htb"});
  FakeNetwork network(networks);
  EXPECT_TRUE(ok(network.nft(json_to_add({"netdev", "squall_77_5000_1"}))));
  EXPECT_TRUE(ok(network.change(message_to_add_ifb("squall0", 1000))));
}

TEST(TakeBackByName, RemovesAllThatBearsOurNames) {
  FakeNetworks networks;
  leave_behind(networks);
  const auto is_dead = [](pid_t, std::uint64_t) { return false; };
  EXPECT_THAT(take_back_by_name(networks, true, is_dead).done, SizeIs(3));
  const auto found = take_back_by_name(networks, false, is_dead);
  EXPECT_THAT(found.done,
              ElementsAre(HasSubstr("table squall_77_5000_1"), HasSubstr("our root qdisc of va"),
                          HasSubstr("interface squall0")));
  EXPECT_THAT(found.troubles, IsEmpty());
  EXPECT_EQ(networks.state(), FakeNetworks().state());
}

TEST(TakeBackByName, TellsItAsTheUndoOfAJournalNamesIt) {
  FakeNetworks networks;
  leave_behind(networks);
  NetworkUndo made = undo();
  made.ifb = "squall0";
  const auto is_dead = [](pid_t, std::uint64_t) { return false; };
  EXPECT_THAT(take_back_by_name(networks, true, is_dead).done,
              testing::UnorderedElementsAreArray(names_of(made)));
}

TEST(TakeBackByName, LeavesAloneWhatALivingAgentHasInForce) {
  FakeNetworks networks;
  leave_behind(networks);
  const auto before = networks.state();
  const auto found = take_back_by_name(
      networks, false, [](pid_t pid, std::uint64_t ticks) { return pid == 77 && ticks == 5000; });
  EXPECT_THAT(found.done, IsEmpty());
  EXPECT_EQ(networks.state(), before);
}

}  // namespace
}  // namespace squall::faults
