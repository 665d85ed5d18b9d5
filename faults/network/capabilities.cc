#include "faults/network/capabilities.h"

#include <algorithm>
#include <utility>

#include "faults/network/kernel_networks.h"

namespace squall::faults {
namespace {

constexpr std::uint32_t kClass = kOurRoot | 1U;
constexpr std::uint32_t kLeaf = 0x50a20000;
constexpr double kSomeRate = 1e6;
constexpr const char* kIfb = "squall0";

NftChain chain(NftChain::Hook hook, const std::string& interface, NftVerdict verdict) {
  NftRule rule;
  rule.verdict = std::move(verdict);
  rule.name = "probe";
  return {"probe", hook, interface, {rule}};
}

using ToAdd = std::string(const NftTable&, const std::vector<NftChain>&);

bool can_chain(Network& network, const std::string& family, const NftChain& what,
               ToAdd to_add = json_to_add) {
  const NftTable table{family, "squall_0_0_probe"};
  if (!network.nft(json_to_add(table))) return false;
  const bool can = network.nft(to_add(table, {what})).has_value();
  return network.nft(json_to_delete(table)).has_value() && can;
}

}  // namespace

Result<Capabilities> probe_capabilities(Network& scratch) {
  SQUALL_TRY(const auto links, scratch.links());
  const auto lo =
      std::find_if(links.begin(), links.end(), [](const Link& link) { return link.name == "lo"; });
  if (lo == links.end()) return error(std::errc::no_such_device, "probe network faults on lo");
  using Hook = NftChain::Hook;
  using Kind = NftVerdict::Kind;
  Capabilities can;
  can.htb =
      scratch
          .change(message_to_put({.interface = lo->index,
                                  .parent = kRootParent,
                                  .handle = kOurRoot,
                                  .kind = "htb",
                                  .options = htb_options(0)}))
          .has_value() &&
      scratch.change(message_for_class(lo->index, kOurRoot, kClass, htb_class_options(kSomeRate)))
          .has_value();
  const auto can_leaf = [&](const std::string& kind, const std::string& options) {
    Qdisc leaf{.interface = lo->index,
               .parent = can.htb ? kClass : kRootParent,
               .handle = can.htb ? kLeaf : kOurRoot,
               .kind = kind,
               .options = options};
    return scratch.change(message_to_put(leaf)).has_value() &&
           scratch.change(message_to_delete(leaf)).has_value();
  };
  can.netem = can_leaf("netem", netem_options({.delay = Duration(1'000'000)}));
  can.blackhole = can_leaf("blackhole", "");
  can.egress = can_chain(scratch, "netdev", chain(Hook::kEgress, "lo", {}));
  can.ingress = can_chain(scratch, "netdev", chain(Hook::kIngress, "lo", {}));
  can.reject = can_chain(scratch, "inet", chain(Hook::kOutput, "lo", {Kind::kUnreachable, 0, {}}));
  NftChain by_cgroup = chain(Hook::kOutput, "lo", {});
  by_cgroup.rules.front().cgroup = "/";  // Which is there wherever any is.
  can.cgroup = can_chain(scratch, "inet", by_cgroup, text_to_add);
  constexpr int kIndex = 1000;
  can.ifb = scratch.change(message_to_add_ifb(kIfb, kIndex)).has_value();
  can.forward = can.ifb && can_chain(scratch, "netdev",
                                     chain(Hook::kIngress, "lo", {Kind::kForward, 0, kIfb}));
  return can;
}

Result<Capabilities> probe_this_kernel() {
  auto scratch = make_scratch_network();
  if (!scratch) return std::move(scratch).error().within("probe network faults");
  return probe_capabilities(**scratch);
}

std::vector<std::string> describe(const Capabilities& capabilities) {
  const auto line = [](const char* name, bool has, const char* for_what) {
    return std::string(name) + ": " + (has ? "yes" : "no") + " (" + for_what + ")";
  };
  return {line("htb", capabilities.htb, "rate, and choosing the traffic of all that follows"),
          line("netem", capabilities.netem,
               "delay, jitter, duplicate, corrupt, reorder, gilbert_elliott"),
          line("blackhole", capabilities.blackhole, "loss and partition of what goes out"),
          line("ifb", capabilities.ifb, "delay and the like of what comes in"),
          line("nft netdev egress", capabilities.egress, "direction out"),
          line("nft netdev ingress", capabilities.ingress, "direction in"),
          line("nft fwd", capabilities.forward, "delay and the like of what comes in"),
          line("nft reject", capabilities.reject, "reject"),
          line("nft socket cgroupv2", capabilities.cgroup, "of a cgroup")};
}

}  // namespace squall::faults
