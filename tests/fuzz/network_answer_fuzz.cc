// Any bytes as what the kernel answers over rtnetlink, and as what nftables answers: they are read
// without a crash, and a qdisc that is read is written and read again as the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "faults/network/netlink_message.h"
#include "faults/network/nft_rules.h"
#include "faults/network/qdisc_tree.h"
#include "faults/network/traffic_control.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall::faults;  // NOLINT(google-build-using-namespace): a program of one file.
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto qdisc = read_qdisc(bytes)) {
    const auto again = read_qdisc(message_to_put(*qdisc));
    require(again.has_value() && again->is_same_as(*qdisc));
  }
  if (const auto one = read_class(bytes)) {
    require(one->kind.find('\0') == std::string::npos);
  }
  if (const auto part = read_tree_part(bytes)) {
    require(part->what != TreePart::What::kQdisc || part->parent != kRootParent);
    const auto ordered = in_order_of_return({*part});
    require(!ordered || ordered->size() == 1);
  }
  if (const auto link = read_link(bytes)) require(link->name.find('\0') == std::string::npos);
  for (const NftTable& table : read_our_tables(bytes))
    require(table.name.starts_with(kTablePrefix));
  read_counts(bytes);
  return 0;
}
