#include "faults/network/our_marks.h"

#include <algorithm>
#include <utility>

#include "faults/network/network_undo.h"
#include "faults/network/nft_rules.h"
#include "faults/network/traffic_control.h"

namespace squall::faults {
namespace {

constexpr std::uint32_t kOurHandles = 512;  // From our root on: its leaves are numbered behind it.

bool is_of_ours(const Qdisc& qdisc) {
  const std::uint32_t major = qdisc.handle >> 16U;
  const std::uint32_t first = kOurRoot >> 16U;
  return major >= first && major < first + kOurHandles;
}

std::string name_of(const std::vector<Link>& links, int interface) {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&](const Link& link) { return link.index == interface; });
  return found == links.end() ? std::to_string(interface) : found->name;
}

}  // namespace

Result<std::vector<std::string>> marks_in(Network& network, std::string_view owner) {
  std::vector<std::string> marks;
  bool has_others = false;
  const std::string ours = std::string(kTablePrefix) + std::string(owner);
  SQUALL_TRY(const auto listed, network.nft(json_to_list_tables()));
  for (const NftTable& table : read_our_tables(listed)) {
    const bool is_ours = table.name.starts_with(ours);
    if (is_ours) marks.push_back("table " + table.name);
    has_others = has_others || !is_ours;
  }
  if (has_others) return marks;
  SQUALL_TRY(const auto links, network.links());
  for (const Link& link : links) {
    const bool is_ours = link.kind == "ifb" && link.name.starts_with(kInterfacePrefix);
    if (is_ours) marks.push_back("interface " + link.name);
  }
  SQUALL_TRY(const auto qdiscs, network.qdiscs());
  for (const Qdisc& qdisc : qdiscs) {
    if (!is_of_ours(qdisc)) continue;
    marks.push_back("qdisc " + qdisc.kind + " " + handle_text(qdisc.handle) + " of " +
                    name_of(links, qdisc.interface));
  }
  return marks;
}

std::string left_behind(const std::vector<std::string>& before,
                        const std::vector<std::string>& after) {
  std::string text;
  for (const std::string& mark : after) {
    if (std::find(before.begin(), before.end(), mark) != before.end()) continue;
    text += (text.empty() ? "" : ", ") + mark;
  }
  return text;
}

}  // namespace squall::faults
