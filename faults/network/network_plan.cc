#include "faults/network/network_plan.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "faults/network/network_obstacles.h"
#include "faults/spec/traffic.h"
#include "harness/base/number_text.h"
#include "harness/base/reason.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;
using Direction = NetworkFault::Direction;
using Kind = NftVerdict::Kind;
using Hook = NftChain::Hook;

constexpr std::uint32_t kFirstLeaf = 0x50a20000;
constexpr std::uint32_t kMostSharing = 100;    // Faults below one root.
constexpr double kFreeRate = 12.5e9;           // Bytes/s of a class that is not slowed.
constexpr double kSmallestQueue = 128 * 1024;  // Bytes: two packets of the largest GSO.
constexpr double kQueueSeconds = 0.1;

Error refused(const std::string& why) { return reason(std::errc::not_supported, why); }

/// Whether the kernel attaches this root by itself once ours has gone.
bool comes_back(const Qdisc& root, const std::string& default_qdisc) {
  return root.kind == "noqueue" || root.kind == "mq" || root.kind == default_qdisc;
}

/// The handles of one fault below a root of ours. Each of those that share it has another place.
struct Place {
  std::uint32_t number = 0;

  std::uint32_t shaped_class() const { return kOurRoot | (2 * number + 1); }
  std::uint32_t lost_class() const { return shaped_class() + 1; }
  std::uint32_t shaped_leaf() const { return kFirstLeaf + (2 * number << 16U); }
  std::uint32_t lost_leaf() const { return shaped_leaf() + (1U << 16U); }
};

/// Builds the plan step by step.
class Planning {
 public:
  Planning(const NetworkFault& fault, const NetworkFacts& facts, const std::string& name)
      : fault_(fault), facts_(facts) {
    table_.name = std::string(kTablePrefix) + name;
    if (fault.reject || is_by_cgroup()) table_.family = "inet";
  }

  Result<NetworkPlan> plan() {
    if (auto found = find_interface(); !found) return std::move(found).error();
    if (auto allowed = check_protected(fault_, facts_); !allowed) return std::move(allowed).error();
    if (auto able = check_capabilities(fault_, facts_.capabilities); !able)
      return std::move(able).error();
    if (auto alone = check_others(); !alone) return std::move(alone).error();
    if (needs_root()) {
      if (auto checked = check_root(); !checked) return std::move(checked).error();
    }
    plan_.undo.space = facts_.space;
    plan_.undo.interface = link_.index;
    plan_.interface = link_.index;
    plan_.mtu = link_.mtu;
    plan_.undo.interface_name = link_.name;
    plan_.undo.table = table_.name;
    plan_.tables.push_back(table_);
    add_nft("nft add table " + table_.family + " " + table_.name, json_to_add(table_));
    if (needs_root()) put_below_root();
    if (needs_ifb()) put_ifb();
    std::vector<NftChain> chains;
    if (goes_out()) chains.push_back(chain_out());
    if (comes_in()) chains.push_back(chain_in());
    std::string lines;
    for (const NftChain& chain : chains) {
      if (chain.rules.empty()) {
        return reason(std::errc::invalid_argument,
                      "'to' and 'from' name addresses of different families");
      }
      protect(chain, lines);
    }
    add_nft(lines,
            is_by_cgroup() ? text_to_add(table_, protected_) : json_to_add(table_, protected_));
    if (is_by_cgroup() && goes_out() && shapes(fault_)) {
      plan_.probe_class = place_.shaped_class();
    }
    plan_.undo_lines = undo_lines(plan_.undo, table_, shares_root_);
    add_notes();
    return std::move(plan_);
  }

 private:
  bool is_by_cgroup() const { return squall::faults::is_by_cgroup(fault_); }
  bool goes_out() const { return fault_.direction != Direction::kIn; }
  bool comes_in() const { return fault_.direction != Direction::kOut; }
  bool needs_root() const { return goes_out() && (shapes(fault_) || loses(fault_)); }
  bool needs_ifb() const { return comes_in() && shapes(fault_); }

  Result<void> find_interface() {
    const auto found =
        std::find_if(facts_.links.begin(), facts_.links.end(),
                     [&](const Link& link) { return link.name == fault_.interface; });
    if (found == facts_.links.end()) {
      std::string names;
      for (const Link& link : facts_.links) names += (names.empty() ? "" : ", ") + link.name;
      return reason(std::errc::no_such_device,
                    "no interface '" + fault_.interface + "' (there are: " + names + ")");
    }
    link_ = *found;
    return {};
  }

  /// What shares the interface must meet other packets, and tells what the root was.
  Result<void> check_others() {
    for (const HeldFault& other : facts_.held) {
      if (other.undo.space != facts_.space || other.undo.interface != link_.index) continue;
      if (!other.lets_pass() && may_meet_the_same(fault_, other.fault)) {
        return reason(std::errc::device_or_resource_busy,
                      "it would meet packets that " + other.label +
                          " meets, which is in force on " + link_.name + ": " +
                          what_both_meet(fault_, other.fault));
      }
      if (clash_in_netem(fault_, other.fault)) {
        return reason(std::errc::device_or_resource_busy,
                      "one of it and " + other.label +
                          " duplicates packets, which kernels refuse beside another netem on one "
                          "interface, and that is in force on " +
                          link_.name);
      }
      if (other.undo.root) others_.push_back(other);
    }
    const auto is_taken = [&](const HeldFault& other) {
      const auto& classes = other.undo.classes;
      return std::any_of(classes.begin(), classes.end(), [&](std::uint32_t handle) {
        return handle == place_.shaped_class() || handle == place_.lost_class();
      });
    };
    while (std::any_of(others_.begin(), others_.end(), is_taken)) ++place_.number;
    if (place_.number < kMostSharing) return {};
    return refused("interface " + link_.name + " has " + std::to_string(kMostSharing) +
                   " faults in force already");
  }

  Result<void> check_root() {
    const Qdisc* root = nullptr;
    for (const Qdisc& qdisc : facts_.qdiscs) {
      if (qdisc.interface == link_.index && qdisc.is_root()) root = &qdisc;
    }
    if (root == nullptr) {
      plan_.undo.root = RootBefore{};
      return {};
    }
    if (root->handle == kOurRoot && others_.empty()) {
      return reason(std::errc::device_or_resource_busy,
                    "interface " + link_.name + " has a fault of another squall's in force");
    }
    if (root->handle == kOurRoot) {
      shares_root_ = true;
      plan_.undo.root = others_.front().undo.root;
      return {};
    }
    const std::string words = "the root qdisc of " + link_.name + ", " + root->kind + " " +
                              handle_text(root->handle) + ", ";
    constexpr std::array kRestorable{"noqueue", "pfifo_fast", "fq",    "fq_codel",
                                     "mq",      "pfifo",      "bfifo", "htb"};
    if (std::find(kRestorable.begin(), kRestorable.end(), root->kind) == kRestorable.end()) {
      return refused(words + "could not be put back exactly");
    }
    std::vector<TreePart> tree;
    if (const auto found = facts_.trees.find(link_.index); found != facts_.trees.end()) {
      auto ordered = in_order_of_return(found->second);
      if (!ordered) return refused(words + in_words(ordered.error()));
      tree = *std::move(ordered);
    }
    for (const Qdisc& qdisc : facts_.qdiscs) {
      // ffff: is ingress and clsact, which stand beside the root.
      const bool is_child =
          qdisc.interface == link_.index && !qdisc.is_root() && qdisc.parent >> 16U != 0xffffU;
      const bool is_known = std::any_of(tree.begin(), tree.end(), [&](const TreePart& part) {
        return part.what == TreePart::What::kQdisc && part.handle == qdisc.handle;
      });
      if (is_child && qdisc.handle != 0 && !is_known) {
        return refused(words + "has children of its own, which could not be put back exactly");
      }
    }
    if (root->handle == 0 && !comes_back(*root, facts_.default_qdisc)) {
      return refused(words + "is none that the kernel would attach again by itself (it would be " +
                     facts_.default_qdisc + ")");
    }
    plan_.undo.root = RootBefore{root->kind, root->handle, root->options, std::move(tree)};
    return {};
  }

  void add_netlink(std::string line, std::string message) {
    plan_.changes.push_back({NetworkChange::By::kNetlink, std::move(line), std::move(message)});
  }
  void add_nft(std::string line, std::string json) {
    plan_.changes.push_back({NetworkChange::By::kNft, std::move(line), std::move(json)});
  }

  void put_qdisc(const Link& link, std::uint32_t parent, std::uint32_t handle,
                 const std::string& kind, std::string options, const std::string& words) {
    Qdisc qdisc{.interface = link.index,
                .parent = parent,
                .handle = handle,
                .kind = kind,
                .options = std::move(options)};
    const std::string verb = parent == kRootParent ? "replace" : "add";
    const std::string where = parent == kRootParent ? "root" : "parent " + handle_text(parent);
    add_netlink("tc qdisc " + verb + " dev " + for_shell(link.name) + " " + where + " handle " +
                    handle_text(handle) + " " + kind + (words.empty() ? "" : " " + words),
                message_to_put(qdisc));
    plan_.qdiscs.push_back(std::move(qdisc));
  }

  void put_class(const Link& link, std::uint32_t handle, double bytes_per_second) {
    add_netlink(
        "tc class add dev " + for_shell(link.name) + " parent " + handle_text(kOurRoot) +
            " classid " + handle_text(handle) + " htb rate " + exact(bytes_per_second * 8) + "bit",
        message_for_class(link.index, kOurRoot, handle, htb_class_options(bytes_per_second)));
  }

  /// What is not classified goes through at once, or to `default_class`.
  void put_root(const Link& link, std::uint32_t default_class) {
    put_qdisc(link, kRootParent, kOurRoot, "htb", htb_options(default_class),
              "default " + std::to_string(default_class) + " direct_qlen 10000");
  }

  /// At the interface itself, where the root may be there for another fault already.
  void put_below_root() {
    if (!shares_root_) put_root(link_, 0);
    if (shapes(fault_)) {
      plan_.undo.classes.push_back(place_.shaped_class());
      put_shaping(link_, place_);
    }
    if (loses(fault_)) {
      plan_.undo.classes.push_back(place_.lost_class());
      put_class(link_, place_.lost_class(), kFreeRate);
      put_qdisc(link_, place_.lost_class(), place_.lost_leaf(), "blackhole", "", "");
    }
  }

  void put_shaping(const Link& link, const Place& place) {
    const auto rate = fault_.rate_bits_per_second;
    put_class(link, place.shaped_class(), rate ? *rate / 8 : kFreeRate);
    if (!needs_netem(fault_)) {
      const double queue = std::max(kSmallestQueue, rate.value_or(0) / 8 * kQueueSeconds);
      put_qdisc(link, place.shaped_class(), place.shaped_leaf(), "bfifo",
                fifo_options(static_cast<std::uint32_t>(queue)), "limit " + exact(queue));
      return;
    }
    const Netem netem = netem_of();
    put_qdisc(link, place.shaped_class(), place.shaped_leaf(), "netem", netem_options(netem),
              netem_words(fault_, netem));
  }

  Netem netem_of() const {
    const auto share = [](const std::optional<Share>& one) { return one ? one->value : 0; };
    Netem netem{.delay = fault_.delay.value_or(Duration{}),
                .jitter = fault_.jitter.value_or(Duration{}),
                .distribution = distribution_table(fault_.distribution),
                .in_order = fault_.in_order,
                .duplicate = share(fault_.duplicate),
                .corrupt = share(fault_.corrupt),
                .reorder = share(fault_.reorder),
                .chain = {},
                .limit = 0};
    if (const auto& chain = fault_.gilbert_elliott) {
      netem.chain = Netem::Chain{chain->to_bad.value, chain->to_good.value, chain->loss_bad.value,
                                 chain->loss_good.value};
    }
    netem.limit = netem_limit(netem.delay, netem.jitter, fault_.rate_bits_per_second);
    return netem;
  }

  /// What comes in is led through an interface of our own, whose root shapes all of it.
  void put_ifb() {
    int highest = 0;
    int free_number = 0;
    for (const Link& link : facts_.links) highest = std::max(highest, link.index);
    const auto is_taken = [&](const std::string& name) {
      return std::any_of(facts_.links.begin(), facts_.links.end(),
                         [&](const Link& link) { return link.name == name; });
    };
    while (is_taken(std::string(kInterfacePrefix) + std::to_string(free_number))) ++free_number;
    constexpr int kClear = 1000;  // Of the indices that interfaces made meanwhile get.
    ifb_.name = std::string(kInterfacePrefix) + std::to_string(free_number);
    ifb_.index = highest + kClear + free_number;
    plan_.undo.ifb = ifb_.name;
    plan_.ifb = ifb_.index;
    add_netlink("ip link add " + ifb_.name + " index " + std::to_string(ifb_.index) + " type ifb",
                message_to_add_ifb(ifb_.name, ifb_.index));
    put_root(ifb_, Place{}.shaped_class() & 0xffffU);
    put_shaping(ifb_, Place{});
    add_netlink("ip link set " + ifb_.name + " up", message_to_set_up(ifb_.index));
  }

  /// Adds the rules of one meaning: what is lost first, then what is left.
  void add_rules(NftChain& chain, bool swapped, const NftVerdict& lost, const NftVerdict& left) {
    for (NftRule rule : rules_for(fault_, swapped)) {
      if (loses(fault_)) {
        NftRule losing = rule;
        losing.verdict = lost;
        losing.name = "lost";
        losing.share = fault_.loss ? fault_.loss->value : 1;
        losing.every = fault_.loss_every.value_or(0);
        chain.rules.push_back(std::move(losing));
      }
      rule.verdict = left;
      rule.name = "met";
      if (!fault_.partition) chain.rules.push_back(std::move(rule));
    }
  }

  void add_reject_rules(NftChain& chain, bool swapped) {
    for (const NftRule& rule : rules_for(fault_, swapped)) {
      if (fault_.reject == "reset") {
        const auto& all = rule.transports;
        if (all.empty() || std::find(all.begin(), all.end(), "tcp") != all.end()) {
          NftRule tcp = rule;
          tcp.transports = {"tcp"};
          tcp.verdict.kind = Kind::kReset;
          tcp.name = "rejected";
          chain.rules.push_back(std::move(tcp));
        }
        if (all == std::vector<std::string>{"tcp"}) continue;
      }
      NftRule rest = rule;
      rest.verdict.kind = Kind::kUnreachable;
      rest.name = "rejected";
      chain.rules.push_back(std::move(rest));
    }
  }

  NftChain chain_out() {
    const bool is_late = fault_.reject || is_by_cgroup();
    NftChain chain{"out", is_late ? Hook::kOutput : Hook::kEgress, link_.name, {}};
    if (fault_.reject) {
      add_reject_rules(chain, false);
      return chain;
    }
    NftVerdict left{};
    if (shapes(fault_)) left = {Kind::kClassify, place_.shaped_class(), {}};
    add_rules(chain, false, {Kind::kClassify, place_.lost_class(), {}}, left);
    return chain;
  }

  NftChain chain_in() {
    const bool swapped = fault_.direction == Direction::kBoth;
    const bool is_late = fault_.reject || is_by_cgroup();
    NftChain chain{"in", is_late ? Hook::kInput : Hook::kIngress, link_.name, {}};
    if (fault_.reject) {
      add_reject_rules(chain, swapped);
      return chain;
    }
    NftVerdict left{};
    if (shapes(fault_)) left = {Kind::kForward, 0, ifb_.name};
    add_rules(chain, swapped, {Kind::kDrop, 0, {}}, left);
    return chain;
  }

  /// Nobody is reached any more once it is forgotten where they are: ARP, and what IPv6 has for it,
  /// pass where all else would be met.
  void spare_neighbours(NftChain& chain) const {
    const auto meets = [&](const auto& is_met) {
      return std::any_of(chain.rules.begin(), chain.rules.end(), is_met);
    };
    const bool meets_arp = table_.family == "netdev" && meets([](const NftRule& rule) {
                             return rule.family == NftRule::Family::kAny && rule.transports.empty();
                           });
    const bool meets_v6 = meets([](const NftRule& rule) {
      const auto& all = rule.transports;
      return rule.family != NftRule::Family::kV4 &&
             (all.empty() || std::find(all.begin(), all.end(), "ipv6-icmp") != all.end());
    });
    NftRule neighbours;
    neighbours.finds_neighbours = true;
    neighbours.verdict.kind = Kind::kSpare;
    neighbours.name = "protected";
    if (meets_arp) chain.rules.insert(chain.rules.begin(), neighbours);
    neighbours.family = NftRule::Family::kV6;
    if (meets_v6) chain.rules.insert(chain.rules.begin(), neighbours);
  }

  /// SSH and whoever else is protected pass first, on the machine's own interfaces.
  void protect(NftChain chain, std::string& lines) {
    if (facts_.is_own_space) {
      spare_neighbours(chain);
      for (const ProtectedPeer& peer : facts_.protected_peers) {
        NftRule to_peer;
        to_peer.family = peer.at.is_v6() ? NftRule::Family::kV6 : NftRule::Family::kV4;
        to_peer.to = {peer.at.address};
        to_peer.transports = peer.transports();
        if (peer.at.port != 0) to_peer.to_ports = {peer.at.port};
        to_peer.verdict.kind = Kind::kSpare;
        to_peer.name = "protected";
        NftRule from_peer = to_peer;
        std::swap(from_peer.to, from_peer.from);
        std::swap(from_peer.to_ports, from_peer.from_ports);
        chain.rules.insert(chain.rules.begin(), {to_peer, from_peer});
      }
      NftRule from_ssh;
      from_ssh.transports = {"tcp"};
      from_ssh.from_ports = {kSshPort};
      from_ssh.verdict.kind = Kind::kSpare;
      from_ssh.name = "protected";
      NftRule to_ssh = from_ssh;
      std::swap(to_ssh.to_ports, to_ssh.from_ports);
      chain.rules.insert(chain.rules.begin(), {from_ssh, to_ssh});
    }
    const auto add = [&](const std::string& line) {
      lines += (lines.empty() ? "" : "\n") + ("nft " + for_shell(line));
    };
    add(nft_text(table_, chain));
    for (const NftRule& rule : chain.rules) {
      add("add rule " + table_.family + " " + table_.name + " " + chain.name + " " +
          nft_text(chain, rule));
    }
    protected_.push_back(std::move(chain));
  }

  void add_notes() {
    if (!link_.is_up) plan_.notes.push_back("interface " + link_.name + " is down");
    if (!fault_.partition && !fault_.reject && link_.segments_late &&
        (loses(fault_) || needs_netem(fault_))) {
      plan_.notes.push_back(
          "large sends are cut by " + link_.name +
          " itself (GSO): loss and the like are drawn for each of these, not for each packet");
    }
    if (is_by_cgroup()) {
      plan_.limits.push_back(
          "packets without a whole socket pass: the kernel's first answer to a connection, and "
          "those of connections that have ended");
    }
    if (shares_root_) plan_.notes.push_back("it shares our root with " + others_.front().label);
    if (plan_.undo.root && plan_.undo.root->kind == "mq") {
      plan_.notes.push_back("the queues of " + link_.name + " become one while it lasts");
    }
  }

  const NetworkFault& fault_;  // NOLINT: all stand on the stack of plan_network().
  const NetworkFacts& facts_;  // NOLINT
  NftTable table_;
  Link link_;
  Link ifb_;
  Place place_;
  std::vector<HeldFault> others_;  // That have a root on this interface.
  bool shares_root_ = false;
  std::vector<NftChain> protected_;
  NetworkPlan plan_;
};

}  // namespace

Result<NetworkPlan> plan_network(const NetworkFault& fault, const NetworkFacts& facts,
                                 const std::string& name) {
  return Planning(fault, facts, name).plan();
}

}  // namespace squall::faults
