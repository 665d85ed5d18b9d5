#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace squall::faults {

/// One object below a root qdisc, as it was there and as it can be put back.
struct TreePart {
  enum class What { kQdisc, kClass, kFilter };
  What what = What::kQdisc;
  std::uint32_t parent = 0;
  std::uint32_t handle = 0;
  std::uint32_t info = 0;  ///< Of a filter: its priority and its protocol.
  std::string kind{};
  std::string options{};  ///< TCA_OPTIONS without what only counts.

  bool operator==(const TreePart&) const = default;
};

/// Reads a qdisc, class or filter that the kernel lists; none for other messages, for roots, and
/// for what the kernel made by itself and makes again.
std::optional<TreePart> read_tree_part(std::string_view message);

/// True for the table that u32 makes for each priority of its filters: it is not put back, but must
/// come under the same number, which is the order in which the priorities came.
bool comes_by_itself(const TreePart& part);

std::string message_to_put(int interface, const TreePart& part);
std::string message_to_list_filters(int interface, std::uint32_t parent);

/// Brings them into the order in which they can be put back, parents first. Fails with what of
/// them could not be: what is no class of htb, and none of the qdiscs and filters (u32, fw without
/// actions) that are known to come back as they were, and tables of u32 that would come back under
/// other numbers.
Result<std::vector<TreePart>> in_order_of_return(std::vector<TreePart> parts);

}  // namespace squall::faults
