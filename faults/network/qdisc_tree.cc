#include "faults/network/qdisc_tree.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "faults/network/netlink_message.h"
#include "faults/network/traffic_control.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

using What = TreePart::What;

constexpr std::uint32_t kRootTable = 0x80000000;  // And above: u32 makes these by itself.
constexpr std::uint32_t kTableOnly = 0x000fffff;  // Without these bits a handle is a table's,
constexpr std::uint32_t kNextTable = 0x00100000;  // which are numbered in such steps.

std::optional<What> what_is(std::string_view message) {
  switch (message_type(message)) {
    case RTM_NEWQDISC:
      return What::kQdisc;
    case RTM_NEWTCLASS:
      return What::kClass;
    case RTM_NEWTFILTER:
      return What::kFilter;
    default:
      return {};
  }
}

/// The options of a filter without its counters, and without what the hardware made of it.
std::string without_counters(const std::string& kind, std::string_view options) {
  if (kind != "u32") return std::string(options);
  AttributeWriter writer;
  for (const auto& [type, value] : read_attributes(options)) {
    if (type == TCA_U32_PCNT || type == TCA_U32_FLAGS) continue;
    writer.bytes(type, value);
  }
  return writer.written();
}

bool has_action(const TreePart& filter) {
  const auto attributes = read_attributes(filter.options);
  const auto has = [&](int type) { return attributes.count(static_cast<std::uint16_t>(type)) > 0; };
  if (filter.kind == "u32") return has(TCA_U32_POLICE) || has(TCA_U32_ACT);
  return has(TCA_FW_POLICE) || has(TCA_FW_ACT);
}

template <std::size_t size>
bool is_one_of(const std::array<const char*, size>& kinds, const std::string& kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

Result<void> check(const TreePart& part) {
  constexpr std::array kQdiscs{"pfifo", "bfifo", "pfifo_fast", "fq", "fq_codel"};
  constexpr std::array kFilters{"u32", "fw"};
  const auto refused = [&](const std::string& what) {
    return reason(std::errc::not_supported, "its " + what + " could not be put back exactly");
  };
  switch (part.what) {
    case What::kQdisc:
      if (!is_one_of(kQdiscs, part.kind)) {
        return refused("qdisc " + part.kind + " " + handle_text(part.handle));
      }
      return {};
    case What::kClass:
      if (part.kind != "htb") {
        return refused("class " + handle_text(part.handle) + " of " + part.kind);
      }
      return {};
    case What::kFilter:
      if (!is_one_of(kFilters, part.kind)) return refused("filter of kind " + part.kind);
      if (has_action(part)) return refused("filter " + part.kind + " with an action");
      return {};
  }
  return {};
}

bool is_table(const TreePart& part) {
  return part.kind == "u32" && (part.handle & kTableOnly) == 0;
}

/// The filters of all priorities at one place, which share their tables.
class Filters {
 public:
  /// `parts` must outlive this.
  explicit Filters(const std::vector<TreePart>& parts) {
    for (const TreePart& part : parts) {
      if (part.what == What::kFilter) filters_.push_back(&part);
    }
    // All places first: each is found by a look at the others.
    std::multimap<Place, const TreePart*> by_place;
    for (const TreePart* one : filters_) by_place.emplace(place(*one), one);
    std::transform(by_place.begin(), by_place.end(), filters_.begin(),
                   [](const auto& one) { return one.second; });
  }

  /// The priorities as they came, each with its tables before what is in them.
  std::vector<TreePart> in_order() const {
    std::vector<TreePart> ordered;
    for (const TreePart* one : filters_) ordered.push_back(*one);
    return ordered;
  }

  Result<void> check() const {
    const auto refused = [](const TreePart& part) {
      return reason(std::errc::not_supported, "its table " + handle_text(part.handle) +
                                                  " of u32 would come back under another number");
    };
    std::map<std::uint32_t, std::uint32_t> next;  // By parent.
    for (const TreePart* one : filters_) {
      if (one->kind != "u32") continue;
      if (comes_by_itself(*one)) {
        auto& number = next.try_emplace(one->parent, kRootTable).first->second;
        if (one->handle != number || !has_more(*one)) return refused(*one);
        number += kNextTable;
      } else if (root_of(*one) == nullptr) {
        return refused(*one);
      }
      const auto attributes = read_attributes(one->options);
      const auto link = attributes.find(TCA_U32_LINK);
      if (link == attributes.end()) continue;
      const auto to = read_plain<std::uint32_t>(link->second);
      const auto is_before = [&](const TreePart* other) {
        return other->parent == one->parent && other->handle == to && is_table(*other) &&
               place(*other) < place(*one);
      };
      if (to != 0 && std::none_of(filters_.begin(), filters_.end(), is_before)) {
        return reason(std::errc::not_supported,
                      "its filter u32 " + handle_text(one->handle) +
                          " links to a table of a priority that came later, and could not be put "
                          "back");
      }
    }
    return {};
  }

 private:
  /// The table of its priority, what it is, its handle.
  using Place = std::tuple<std::uint32_t, int, std::uint32_t>;

  /// Of the same priority and protocol, at the same qdisc or class.
  static bool is_beside(const TreePart& one, const TreePart& other) {
    return one.kind == other.kind && one.parent == other.parent && one.info == other.info;
  }
  const TreePart* root_of(const TreePart& part) const {
    const auto found = std::find_if(filters_.begin(), filters_.end(), [&](const TreePart* one) {
      return comes_by_itself(*one) && is_beside(*one, part);
    });
    return found == filters_.end() ? nullptr : *found;
  }
  bool has_more(const TreePart& root) const {
    return std::any_of(filters_.begin(), filters_.end(), [&](const TreePart* one) {
      return !comes_by_itself(*one) && is_beside(*one, root);
    });
  }
  Place place(const TreePart& part) const {
    if (part.kind != "u32") return {0, 0, 0};
    const TreePart* root = root_of(part);
    const int kind = comes_by_itself(part) ? 0 : (is_table(part) ? 1 : 2);
    return {root == nullptr ? 0 : root->handle, kind, part.handle};
  }

  std::vector<const TreePart*> filters_;
};

}  // namespace

std::optional<TreePart> read_tree_part(std::string_view message) {
  const auto what = what_is(message);
  const std::string_view body = message_body(message);
  if (!what || body.size() < sizeof(tcmsg)) return {};
  const auto header = read_plain<tcmsg>(body);
  const auto attributes = read_attributes(body.substr(sizeof(tcmsg)));
  TreePart part{.what = *what, .parent = header.tcm_parent, .handle = header.tcm_handle};
  if (const auto kind = attributes.find(TCA_KIND); kind != attributes.end()) {
    part.kind = kind->second.substr(0, kind->second.find('\0'));
  }
  std::string_view options;
  if (const auto found = attributes.find(TCA_OPTIONS); found != attributes.end()) {
    options = found->second;
  }
  part.options = options;
  if (*what == What::kQdisc) {
    // Roots, ingress and clsact stand beside the tree.
    const bool is_below = part.parent >> 16U != 0xffffU;
    return is_below && part.handle != 0 ? std::optional(part) : std::nullopt;
  }
  if (*what == What::kClass) {
    return part.kind == "mq" || part.kind == "fq_codel" ? std::nullopt : std::optional(part);
  }
  part.info = header.tcm_info;
  part.options = without_counters(part.kind, options);
  // A priority that holds filters is listed before them, without any of its own.
  if (part.handle == 0 && options.empty()) return {};
  if (const auto chain = attributes.find(TCA_CHAIN);
      chain != attributes.end() && read_plain<std::uint32_t>(chain->second) != 0) {
    part.kind += " in a chain";  // Which is no kind that can be put back.
  }
  return part;
}

bool comes_by_itself(const TreePart& part) {
  return part.what == What::kFilter && part.kind == "u32" && part.handle >= kRootTable &&
         (part.handle & kTableOnly) == 0;
}

std::string message_to_put(int interface, const TreePart& part) {
  constexpr std::array kTypes{RTM_NEWQDISC, RTM_NEWTCLASS, RTM_NEWTFILTER};
  NetlinkWriter writer(
      static_cast<std::uint16_t>(kTypes.at(static_cast<std::size_t>(part.what))),
      static_cast<std::uint16_t>(NLM_F_CREATE |
                                 (part.what == What::kQdisc ? NLM_F_REPLACE : NLM_F_EXCL)));
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = interface;
  header.tcm_parent = part.parent;
  header.tcm_handle = part.handle;
  header.tcm_info = part.info;
  writer.put(header).text(TCA_KIND, part.kind);
  const std::string options =
      part.what == What::kQdisc ? options_to_put_back(part.kind, part.options) : part.options;
  if (!options.empty()) writer.bytes(TCA_OPTIONS, options);
  return writer.take();
}

std::string message_to_list_filters(int interface, std::uint32_t parent) {
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = interface;
  header.tcm_parent = parent;
  return NetlinkWriter(RTM_GETTFILTER, NLM_F_DUMP).put(header).take();
}

Result<std::vector<TreePart>> in_order_of_return(std::vector<TreePart> parts) {
  for (const TreePart& part : parts) {
    if (auto can = check(part); !can) return std::move(can).error();
  }
  std::vector<TreePart> ordered;
  // Classes below the root first, then those below them, and so on; what is left has no parent.
  std::vector<std::uint32_t> parents{kRootParent};
  while (!parents.empty()) {
    std::vector<std::uint32_t> next;
    for (const TreePart& part : parts) {
      const bool is_next = part.what == What::kClass &&
                           std::find(parents.begin(), parents.end(), part.parent) != parents.end();
      if (!is_next) continue;
      ordered.push_back(part);
      next.push_back(part.handle);
    }
    parents = std::move(next);
    if (ordered.size() > parts.size()) break;  // A ring, which the kernel does not make.
  }
  std::copy_if(parts.begin(), parts.end(), std::back_inserter(ordered),
               [](const TreePart& part) { return part.what == What::kQdisc; });
  const Filters filters(parts);
  if (auto can = filters.check(); !can) return std::move(can).error();
  for (TreePart& filter : filters.in_order()) ordered.push_back(std::move(filter));
  if (ordered.size() != parts.size()) {
    return reason(std::errc::not_supported, "its classes hang together in no way that is known");
  }
  return ordered;
}

}  // namespace squall::faults
