#include "faults/network/network_undo.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "harness/base/reason.h"

namespace squall::faults {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDrainStep = 5ms;

template <typename T>
bool is_missing(const Result<T>& result) {
  return !result && result.error().code == std::errc::no_such_file_or_directory;
}

const Link* find(const std::vector<Link>& links, const std::string& name) {
  const auto found =
      std::find_if(links.begin(), links.end(), [&](const Link& link) { return link.name == name; });
  return found == links.end() ? nullptr : &*found;
}

const Qdisc* root_of(const std::vector<Qdisc>& qdiscs, int interface) {
  const auto found = std::find_if(qdiscs.begin(), qdiscs.end(), [&](const Qdisc& qdisc) {
    return qdisc.interface == interface && qdisc.is_root();
  });
  return found == qdiscs.end() ? nullptr : &*found;
}

bool is_one_of(const std::vector<std::uint32_t>& handles, std::uint32_t handle) {
  return std::find(handles.begin(), handles.end(), handle) != handles.end();
}

/// Packets of ours that wait at an interface: below these classes, or below our whole root.
Result<std::uint64_t> waiting_at(Network& network, int interface,
                                 const std::vector<std::uint32_t>& classes) {
  SQUALL_TRY(const auto qdiscs, network.qdiscs());
  const Qdisc* root = root_of(qdiscs, interface);
  if (root == nullptr || root->handle != kOurRoot) return std::uint64_t{0};
  if (classes.empty()) return std::uint64_t{root->waiting};
  std::uint64_t waiting = 0;
  for (const Qdisc& leaf : qdiscs) {
    if (leaf.interface == interface && is_one_of(classes, leaf.parent)) waiting += leaf.waiting;
  }
  return waiting;
}

/// Packets that wait for the end of one fault.
Result<std::uint64_t> waiting_for(const NetworkUndo& undo, Network& network) {
  std::uint64_t waiting = 0;
  if (undo.ifb) {
    SQUALL_TRY(const auto links, network.links());
    if (const Link* ifb = find(links, *undo.ifb)) {
      SQUALL_TRY(waiting, waiting_at(network, ifb->index, {}));
    }
  }
  if (undo.classes.empty()) return waiting;
  SQUALL_TRY(const auto at_its_classes, waiting_at(network, undo.interface, undo.classes));
  return waiting + at_its_classes;
}

Result<std::vector<NftTable>> our_tables(Network& network) {
  SQUALL_TRY(const auto listed, network.nft(json_to_list_tables()));
  return read_our_tables(listed);
}

/// What is told of a root without a look below it.
RootBefore plain_root(const Qdisc* root) {
  return root == nullptr ? RootBefore{} : RootBefore{root->kind, root->handle, root->options};
}

bool is_alike(const std::vector<TreePart>& tree, const std::vector<TreePart>& other) {
  return std::is_permutation(tree.begin(), tree.end(), other.begin(), other.end());
}

/// Undoes at one interface of a namespace.
class Undoing {
 public:
  Undoing(const NetworkUndo& undo, Network& network, Networks& networks, Duration patience)
      : undo_(undo), network_(network), networks_(networks), patience_(patience) {}

  Result<bool> carry_out() {
    SQUALL_TRY(const auto tables, our_tables(network_));
    // First nothing more goes our way; the empty table stays until the end, to tell whose it is.
    for (const NftTable& table : tables) {
      if (table.name != undo_.table) continue;
      did_ = true;
      auto emptied = network_.nft(json_to_empty(table));
      if (!emptied && !is_missing(emptied)) return std::move(emptied).error();
    }
    if (auto removed = remove_ifb(); !removed) return std::move(removed).error();
    if (auto restored = restore_root(); !restored) return std::move(restored).error();
    for (const NftTable& table : tables) {
      if (table.name != undo_.table) continue;
      auto deleted = network_.nft(json_to_delete(table));
      if (!deleted && !is_missing(deleted)) return std::move(deleted).error();
    }
    return did_;
  }

  /// Reads back that nothing of ours is left.
  Result<void> look() {
    SQUALL_TRY(const auto tables, our_tables(network_));
    for (const NftTable& table : tables) {
      if (table.name == undo_.table) {
        return reason(std::errc::device_or_resource_busy,
                      "table " + table.name + " is still there");
      }
    }
    SQUALL_TRY(const auto links, network_.links());
    if (undo_.ifb && find(links, *undo_.ifb) != nullptr) {
      return reason(std::errc::device_or_resource_busy,
                    "interface " + *undo_.ifb + " is still there");
    }
    if (!undo_.root) return {};
    SQUALL_TRY(const auto there, is_there());
    if (!there) return {};
    SQUALL_TRY(const auto qdiscs, network_.qdiscs());
    const Qdisc* root = root_of(qdiscs, undo_.interface);
    if (root != nullptr && root->handle == kOurRoot) {
      SQUALL_TRY(const auto classes, classes_below_root());
      if (!classes.own.empty()) {
        return reason(std::errc::device_or_resource_busy,
                      "class " + handle_text(classes.own.front()) + " is still there");
      }
      if (classes.has_others) return {};
    }
    // One that somebody else put there meanwhile is theirs, as restore_root() has it.
    const bool is_the_one_before =
        root != nullptr && root->handle == undo_.root->handle && root->kind == undo_.root->kind;
    const bool is_anothers =
        root != nullptr && root->handle != 0 && root->handle != kOurRoot && !is_the_one_before;
    if (is_anothers) return {};
    RootBefore now = plain_root(root);
    if (!undo_.root->tree.empty()) {
      SQUALL_TRY(const auto tree, network_.tree(undo_.interface));
      const auto& before = undo_.root->tree;
      if (!is_alike(tree, before)) {
        return reason(
            std::errc::device_or_resource_busy,
            "what is below the root qdisc of " + undo_.interface_name + " is not what it was");
      }
      now.tree = before;
    }
    if (now == *undo_.root || (root == nullptr && undo_.root->handle == 0)) return {};
    return reason(std::errc::device_or_resource_busy,
                  "the root qdisc of " + undo_.interface_name + " is " + now.kind + " " +
                      handle_text(now.handle) + ", it was " + undo_.root->kind + " " +
                      handle_text(undo_.root->handle));
  }

 private:
  Result<void> drain(int interface, const std::vector<std::uint32_t>& classes = {}) {
    for (Duration waited{}; waited < patience_; waited += kDrainStep) {
      SQUALL_TRY(const auto waiting, waiting_at(network_, interface, classes));
      if (waiting == 0) return {};
      networks_.pause(kDrainStep);
    }
    return {};
  }

  Result<void> remove_ifb() {
    if (!undo_.ifb) return {};
    SQUALL_TRY(const auto links, network_.links());
    const Link* ifb = find(links, *undo_.ifb);
    if (ifb == nullptr || ifb->kind != "ifb") return {};
    did_ = true;
    if (auto drained = drain(ifb->index); !drained) return drained;
    return network_.change(message_to_delete_link(ifb->index));
  }

  /// Our classes below our root: this fault's own, and whether there are others'.
  struct Classes {
    std::vector<std::uint32_t> own;
    bool has_others = false;
  };
  Result<Classes> classes_below_root() {
    SQUALL_TRY(const auto all, network_.classes(undo_.interface));
    Classes found;
    for (const TrafficClass& one : all) {
      if (one.handle >> 16U != kOurRoot >> 16U) continue;
      if (is_one_of(undo_.classes, one.handle)) {
        found.own.push_back(one.handle);
      } else {
        found.has_others = true;
      }
    }
    return found;
  }

  /// Leaves our root to those who share it.
  Result<void> remove_classes(const std::vector<std::uint32_t>& classes) {
    if (classes.empty()) return {};
    did_ = true;
    if (auto drained = drain(undo_.interface, classes); !drained) return drained;
    for (const std::uint32_t handle : classes) {
      auto gone = network_.change(message_to_delete_class(undo_.interface, handle));
      if (!gone) return std::move(gone).error().within("class " + handle_text(handle));
    }
    return {};
  }

  Result<bool> is_there() {
    SQUALL_TRY(const auto links, network_.links());
    return std::any_of(links.begin(), links.end(),
                       [&](const Link& link) { return link.index == undo_.interface; });
  }

  Result<void> restore_root() {
    if (!undo_.root) return {};
    SQUALL_TRY(const auto there, is_there());
    if (!there) return {};
    SQUALL_TRY(const auto qdiscs, network_.qdiscs());
    const Qdisc* root = root_of(qdiscs, undo_.interface);
    const bool is_ours_still = root != nullptr && root->handle == kOurRoot;
    if (is_ours_still) {
      SQUALL_TRY(const auto classes, classes_below_root());
      // One that tells of no classes is the root's only owner.
      if (classes.has_others && !undo_.classes.empty()) return remove_classes(classes.own);
      did_ = true;
      if (auto drained = drain(undo_.interface); !drained) return drained;
      if (undo_.root->handle == 0) return network_.change(message_to_delete(*root));
    }
    if (undo_.root->handle == 0) return {};
    // Another's that came meanwhile stays; the kernel's own may be what a torn undo left, as may
    // be the one from before, without all that was below it.
    if (!is_ours_still && root != nullptr && root->handle != 0) {
      const bool is_back = root->handle == undo_.root->handle && root->kind == undo_.root->kind;
      return is_back ? put_back_tree() : Result<void>();
    }
    did_ = true;
    auto put = network_.change(
        message_to_put({.interface = undo_.interface,
                        .parent = kRootParent,
                        .handle = undo_.root->handle,
                        .kind = undo_.root->kind,
                        .options = options_to_put_back(undo_.root->kind, undo_.root->options)}));
    if (!put) return put;
    return put_back_tree();
  }

  /// Puts back what is missing below the root from before.
  Result<void> put_back_tree() {
    if (undo_.root->tree.empty()) return {};
    SQUALL_TRY(const auto now, network_.tree(undo_.interface));
    for (const TreePart& part : undo_.root->tree) {
      if (comes_by_itself(part)) continue;
      if (std::find(now.begin(), now.end(), part) != now.end()) continue;
      did_ = true;
      auto put = network_.change(message_to_put(undo_.interface, part));
      if (!put) {
        return std::move(put).error().within("put back " + part.kind + " " +
                                             handle_text(part.handle));
      }
    }
    return {};
  }

  const NetworkUndo& undo_;
  Network& network_;
  Networks& networks_;
  const Duration patience_;
  bool did_ = false;
};

/// Does it, and reads back that it took.
Result<bool> take_back(const NetworkUndo& undo, Network& network, Networks& networks,
                       Duration patience = kDrainWithin) {
  Undoing undoing(undo, network, networks, patience);
  SQUALL_TRY(const bool did, undoing.carry_out());
  if (auto clean = undoing.look(); !clean) return std::move(clean).error();
  return did;
}

/// "squall_PID_TICKS_n": whose it is.
std::pair<pid_t, std::uint64_t> owner_of(const std::string& table) {
  char* end = nullptr;
  const char* begin = table.c_str() + kTablePrefix.size();
  const long pid = std::strtol(begin, &end, 10);
  if (*end != '_') return {0, 0};
  return {static_cast<pid_t>(pid), std::strtoull(end + 1, nullptr, 10)};
}

bool is_our_ifb(const Link& link) {
  if (link.kind != "ifb" || !link.name.starts_with(kInterfacePrefix)) return false;
  const std::string number = link.name.substr(kInterfacePrefix.size());
  return !number.empty() && number.find_first_not_of("0123456789") == std::string::npos;
}

/// Sweeps one namespace of all that bears our names.
Result<void> sweep(Network& network, Networks& networks, std::uint64_t space, bool dry_run,
                   const std::function<bool(pid_t, std::uint64_t)>& is_alive, FoundByName& found) {
  // A table comes before its qdiscs, and goes after them. So whoever makes one just now is seen to
  // be alive by its table, which is looked for last.
  SQUALL_TRY(const auto links, network.links());
  SQUALL_TRY(const auto qdiscs, network.qdiscs());
  auto listed = our_tables(network);
  const bool has_nft = listed || listed.error().code != std::errc::protocol_not_supported;
  if (!listed && has_nft) return std::move(listed).error();
  const std::vector<NftTable> tables = listed ? *std::move(listed) : std::vector<NftTable>();
  for (const NftTable& table : tables) {
    const auto [pid, ticks] = owner_of(table.name);
    if (pid > 0 && is_alive(pid, ticks)) return {};  // All here may be in force.
  }
  std::vector<NetworkUndo> undos;
  for (const NftTable& table : tables) {
    undos.push_back({.space = space,
                     .interface_name = "",
                     .table = table.name,
                     .ifb = {},
                     .root = {},
                     .classes = {}});
  }
  for (const Link& link : links) {
    const Qdisc* root = root_of(qdiscs, link.index);
    if (is_our_ifb(link)) {
      undos.push_back({.space = space,
                       .interface = link.index,
                       .interface_name = link.name,
                       .table = "",
                       .ifb = link.name,
                       .root = {},
                       .classes = {}});
    } else if (root != nullptr && root->handle == kOurRoot) {
      undos.push_back({.space = space,
                       .interface = link.index,
                       .interface_name = link.name,
                       .table = "",
                       .ifb = {},
                       .root = RootBefore{},
                       .classes = {}});
    }
  }
  for (const NetworkUndo& undo : undos) {
    if (!dry_run) {
      if (undo.root) {  // What was before is not known: the kernel's own choice comes.
        const Qdisc ours{.interface = undo.interface, .parent = kRootParent, .handle = kOurRoot};
        if (auto gone = network.change(message_to_delete(ours)); !gone) return gone;
      } else if (auto gone = take_back(undo, network, networks); !gone) {
        return std::move(gone).error();
      }
    }
    found.done.push_back(names_of(undo).front());
  }
  return {};
}

}  // namespace

bool is_ours(const NetworkUndo& undo) {
  const auto is_plain = [](const std::string& name) {
    return name.size() < 64 &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  };
  const auto is_below_our_root = [](std::uint32_t handle) {
    return handle >> 16U == kOurRoot >> 16U && handle != kOurRoot;
  };
  return std::all_of(undo.classes.begin(), undo.classes.end(), is_below_our_root) &&
         undo.interface > 0 && undo.table.starts_with(kTablePrefix) && is_plain(undo.table) &&
         (!undo.ifb || (undo.ifb->starts_with(kInterfacePrefix) && is_plain(*undo.ifb)));
}

Result<bool> is_root_before(const NetworkUndo& undo, Network& network) {
  if (!undo.root) return true;
  SQUALL_TRY(const auto qdiscs, network.qdiscs());
  RootBefore now = plain_root(root_of(qdiscs, undo.interface));
  if (now.handle != 0 && (now.kind == "htb" || now.kind == "mq")) {
    SQUALL_TRY(const auto tree, network.tree(undo.interface));
    if (!is_alike(tree, undo.root->tree)) return false;
    now.tree = undo.root->tree;
  }
  return now == *undo.root;
}

Duration await_drained(const NetworkUndo& undo, Networks& networks) {
  auto network = networks.open(undo.space);
  if (!network) return Duration::zero();
  Duration left = kDrainWithin;
  for (; left > Duration::zero(); left -= kDrainStep) {
    const auto waiting = waiting_for(undo, **network);
    if (!waiting || *waiting == 0) break;
    networks.pause(kDrainStep);
  }
  return left;
}

Result<bool> put_back(const NetworkUndo& undo, Networks& networks, Duration patience) {
  auto network = networks.open(undo.space);
  if (is_missing(network)) return false;
  if (!network) return std::move(network).error();
  return Undoing(undo, **network, networks, patience).carry_out();
}

Result<void> look_whether_back(const NetworkUndo& undo, Networks& networks) {
  auto network = networks.open(undo.space);
  if (is_missing(network)) return {};
  if (!network) return std::move(network).error();
  return Undoing(undo, **network, networks, Duration::zero()).look();
}

Result<bool> take_back(const NetworkUndo& undo, Networks& networks, Duration patience) {
  auto network = networks.open(undo.space);
  if (is_missing(network)) return false;
  if (!network) return std::move(network).error();
  return take_back(undo, **network, networks, patience);
}

std::vector<std::string> names_of(const NetworkUndo& undo) {
  const std::string where = "network namespace " + std::to_string(undo.space) + ": ";
  std::vector<std::string> names;
  if (!undo.table.empty()) names.push_back(where + "table " + undo.table);
  if (undo.ifb) names.push_back(where + "interface " + *undo.ifb);
  if (undo.root) names.push_back(where + "our root qdisc of " + undo.interface_name);
  return names;
}

FoundByName take_back_by_name(Networks& networks, bool dry_run,
                              const std::function<bool(pid_t, std::uint64_t)>& is_alive) {
  FoundByName found;
  const auto spaces = networks.all();
  if (!spaces) {
    found.troubles.push_back(spaces.error().message());
    return found;
  }
  for (const std::uint64_t space : *spaces) {
    auto network = networks.open(space);
    if (is_missing(network)) continue;  // Gone meanwhile.
    const auto swept = network ? sweep(**network, networks, space, dry_run, is_alive, found)
                               : Result<void>(std::move(network).error());
    // Who may not look there could not have changed anything either.
    if (swept || swept.error().code == std::errc::operation_not_permitted) continue;
    Error trouble = swept.error();
    found.troubles.push_back(
        std::move(trouble).within("network namespace " + std::to_string(space)).message());
  }
  return found;
}

}  // namespace squall::faults
