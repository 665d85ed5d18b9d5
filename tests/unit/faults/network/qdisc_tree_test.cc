#include "faults/network/qdisc_tree.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>

#include "faults/core/journal_text.h"
#include "faults/network/netlink_message.h"
#include "faults/network/traffic_control.h"

#include "tests/support/result_matchers.h"

namespace squall::faults {
namespace {

using testing::HasSubstr;
using testing::SizeIs;
using What = TreePart::What;

TreePart part(What what, std::uint32_t parent, std::uint32_t handle, const std::string& kind) {
  return {.what = what, .parent = parent, .handle = handle, .kind = kind};
}

/// A filter of u32, or a table of theirs.
TreePart u32(std::uint32_t handle, std::uint32_t priority) {
  TreePart one = part(What::kFilter, 0x10000, handle, "u32");
  one.info = priority << 16U;
  return one;
}

/// The second priority came first, then the first, then the fifth with a table of its own.
std::vector<TreePart> whole_tree() {
  return {u32(0x80100000, 1),
          u32(0x80100800, 1),
          u32(0x80000000, 2),
          u32(0x80000800, 2),
          u32(0x00200800, 5),
          u32(0x00200000, 5),
          u32(0x80200000, 5),
          part(What::kFilter, 0x10000, 6, "fw"),
          part(What::kQdisc, 0x10010, 0x100000, "fq_codel"),
          part(What::kClass, 0x10001, 0x10010, "htb"),
          part(What::kClass, kRootParent, 0x10001, "htb")};
}

TEST(QdiscTree, IsPutBackParentsFirstAndFiltersLast) {
  const auto ordered = in_order_of_return(whole_tree());
  ASSERT_TRUE(ok(ordered));
  std::vector<std::uint32_t> handles;
  for (const TreePart& one : *ordered) handles.push_back(one.handle);
  EXPECT_THAT(handles,
              testing::ElementsAre(0x10001, 0x10010, 0x100000, 6, 0x80000000, 0x80000800,
                                   0x80100000, 0x80100800, 0x80200000, 0x00200000, 0x00200800));
}

TEST(QdiscTree, IsRefusedWhereTablesWouldComeBackUnderOtherNumbers) {
  const auto refusal = [](std::vector<TreePart> tree) {
    const auto ordered = in_order_of_return(std::move(tree));
    return ordered ? std::string() : ordered.error().message();
  };
  EXPECT_EQ(refusal({u32(0x80000000, 1), u32(0x80000800, 1)}), "");
  // A priority before it has gone,
  EXPECT_THAT(refusal({u32(0x80100000, 1), u32(0x80100800, 1)}),
              HasSubstr("its table 8010: of u32 would come back under another number"));
  // there is nothing by which it came,
  EXPECT_THAT(refusal({u32(0x80000000, 1)}), HasSubstr("under another number"));
  // or the table that a filter links to comes after it.
  TreePart linked = u32(0x80000800, 1);
  linked.options = AttributeWriter().attribute(TCA_U32_LINK, std::uint32_t{0x00200000}).written();
  const TreePart root = u32(0x80000000, 1);
  EXPECT_EQ(refusal({root, linked, u32(0x00200000, 1)}), "");
  EXPECT_THAT(refusal({root, linked, u32(0x80100000, 2), u32(0x00200000, 2)}),
              HasSubstr("links to a table of a priority that came later"));
}

TEST(QdiscTree, IsRefusedWithWhatCouldNotBePutBack) {
  const auto refusal = [](TreePart extra) {
    auto tree = whole_tree();
    tree.push_back(std::move(extra));
    const auto ordered = in_order_of_return(tree);
    return ordered ? std::string() : ordered.error().message();
  };
  EXPECT_THAT(refusal(part(What::kFilter, 0x10000, 1, "flower")),
              HasSubstr("its filter of kind flower could not be put back exactly"));
  EXPECT_THAT(refusal(part(What::kClass, 0x10000, 0x10003, "hfsc")),
              HasSubstr("class 1:3 of hfsc"));
  EXPECT_THAT(refusal(part(What::kQdisc, 0x10010, 0x30000, "netem")), HasSubstr("qdisc netem 3:"));
  TreePart acting = part(What::kFilter, 0x10000, 7, "fw");
  acting.options = AttributeWriter().bytes(TCA_FW_ACT, "").written();
  EXPECT_THAT(refusal(acting), HasSubstr("filter fw with an action"));
  EXPECT_THAT(refusal(part(What::kClass, 0x10099, 0x10098, "htb")),
              HasSubstr("hang together in no way"));
}

TEST(QdiscTree, IsReadAsItIsWritten) {
  TreePart one = part(What::kFilter, 0x10000, 0x80000800, "u32");
  one.info = 0x00010008;
  one.options = AttributeWriter().attribute(TCA_U32_CLASSID, std::uint32_t{0x10010}).written();
  EXPECT_EQ(read_tree_part(message_to_put(5, one)), one);
  EXPECT_EQ(read_tree_part(message_to_put(5, part(What::kClass, kRootParent, 0x10001, "htb"))),
            part(What::kClass, kRootParent, 0x10001, "htb"));
}

TEST(QdiscTree, LeavesOutWhatOnlyCountsAndWhatComesByItself) {
  TreePart counting = part(What::kFilter, 0x10000, 0x80000800, "u32");
  counting.options = AttributeWriter()
                         .attribute(TCA_U32_CLASSID, std::uint32_t{0x10010})
                         .bytes(TCA_U32_PCNT, "counts")
                         .written();
  TreePart read = counting;
  read.options = AttributeWriter().attribute(TCA_U32_CLASSID, std::uint32_t{0x10010}).written();
  EXPECT_EQ(read_tree_part(message_to_put(5, counting)), read);
  EXPECT_TRUE(comes_by_itself(u32(0x80000000, 1)));
  EXPECT_FALSE(comes_by_itself(u32(0x80000800, 1)));
  EXPECT_FALSE(comes_by_itself(u32(0x00200000, 1)));
  EXPECT_FALSE(read_tree_part(message_to_put(5, part(What::kFilter, 0x10000, 0, "u32"))));
  EXPECT_FALSE(read_tree_part(message_to_put(5, part(What::kQdisc, kRootParent, 0x10000, "htb"))));
}

TEST(QdiscTree, GoesThroughTheJournalWhole) {
  NetworkUndo undo;
  undo.space = 4;
  undo.interface = 2;
  undo.table = "squall_77_5000_1";
  undo.classes = {kOurRoot | 1U, kOurRoot | 2U};
  undo.root = RootBefore{"htb", 0x10000, std::string("\0\x01", 2), whole_tree()};
  undo.root->tree.front().options = std::string("\xff\0", 2);
  const auto contents = read_journal(entry_line({4, "boot", {"intent", "prior", undo}}));
  ASSERT_THAT(contents.open, SizeIs(1));
  EXPECT_EQ(std::get<NetworkUndo>(contents.open[0].change.undo), undo);
}

}  // namespace
}  // namespace squall::faults
