#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "faults/network/networks.h"
#include "faults/network/nft_rules.h"
#include "faults/network/qdisc_tree.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// Every interface of ours is named so, with a number.
inline constexpr std::string_view kInterfacePrefix = "squall";

/// The root qdisc for which ours stands.
struct RootBefore {
  std::string kind;
  std::uint32_t handle = 0;      ///< 0: the kernel's own choice, which comes back by itself.
  std::string options;           ///< As the kernel wrote them.
  std::vector<TreePart> tree{};  ///< What was below it, in the order in which it is put back.
  bool operator==(const RootBefore&) const = default;
};

/// Takes back all that a network fault did to one interface, however far it had come: the table of
/// nftables, the interface that incoming packets went through, its classes, and the root qdisc
/// when no other fault has classes below it.
struct NetworkUndo {
  std::uint64_t space = 0;  ///< The inode of the network namespace.
  int interface = 0;        ///< Its ifindex there.
  std::string interface_name;
  std::string table;               ///< Ours, of whatever family.
  std::optional<std::string> ifb;  ///< Ours.
  std::optional<RootBefore> root;  ///< None: the root was not touched.
  /// Its classes below our root, which other faults may share: the last to go puts the root back.
  std::vector<std::uint32_t> classes{};
  bool operator==(const NetworkUndo&) const = default;
};

/// True when it asks for nothing but what is named as ours.
bool is_ours(const NetworkUndo& undo);

/// Whether the root qdisc is still the one that this undo would put back, with all that is below
/// it; asked before it is replaced, as others may have changed it since it was looked at.
Result<bool> is_root_before(const NetworkUndo& undo, Network& network);

/// How long packets that are being delayed get to leave.
inline constexpr Duration kDrainWithin = std::chrono::seconds(1);

/// Waits until nothing is delayed any more by what this undo takes back; answers with what is left
/// of kDrainWithin. Changes nothing.
Duration await_drained(const NetworkUndo& undo, Networks& networks);

/// Does it: true when there was something to do. Packets that are being delayed get so long to
/// leave. A namespace or an interface that is gone took all with it.
Result<bool> put_back(const NetworkUndo& undo, Networks& networks, Duration patience);

/// Reads back that nothing is left of it and the root is what it was, or others' who share ours.
Result<void> look_whether_back(const NetworkUndo& undo, Networks& networks);

/// Both.
Result<bool> take_back(const NetworkUndo& undo, Networks& networks,
                       Duration patience = kDrainWithin);

/// What take_back_by_name() calls that which this undo takes back.
std::vector<std::string> names_of(const NetworkUndo& undo);

/// Whether what a network fault changed can be told from what was there by their names alone, and
/// taken back so: everything of ours in every namespace, but for what `is_alive` says the owner is
/// alive of, by pid and start. The words say what was done, or would be when `dry_run`.
struct FoundByName {
  std::vector<std::string> done;
  std::vector<std::string> troubles;
};
FoundByName take_back_by_name(Networks& networks, bool dry_run,
                              const std::function<bool(pid_t, std::uint64_t)>& is_alive);

}  // namespace squall::faults
