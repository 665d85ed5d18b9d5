#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/units.h"

namespace squall::faults {

/// Major number of the handle of every root qdisc that is ours: by it ours are told from others.
inline constexpr std::uint32_t kOurRoot = 0x50a10000;
/// The parent of a root (TC_H_ROOT of linux/pkt_sched.h).
inline constexpr std::uint32_t kRootParent = 0xffffffff;

/// A queueing discipline of an interface.
struct Qdisc {
  int interface = 0;         ///< Its ifindex.
  std::uint32_t parent = 0;  ///< kRootParent for a root.
  std::uint32_t handle = 0;  ///< 0: the kernel attached it by itself.
  std::string kind{};
  std::string options{};      ///< TCA_OPTIONS as the kernel writes them.
  std::uint64_t packets = 0;  ///< That it has let pass,
  std::uint64_t drops = 0;    ///< and dropped;
  std::uint32_t waiting = 0;  ///< and packets in it now.

  bool is_root() const { return parent == kRootParent; }
  /// The same thing in the same place, whatever has passed through it.
  bool is_same_as(const Qdisc& other) const {
    return interface == other.interface && parent == other.parent && handle == other.handle &&
           kind == other.kind && options == other.options;
  }
};

/// A class of a qdisc that has classes.
struct TrafficClass {
  int interface = 0;
  std::uint32_t parent = 0;  ///< kRootParent for one right below its qdisc.
  std::uint32_t handle = 0;
  std::string kind{};     ///< As the kind of its qdisc.
  std::string options{};  ///< TCA_OPTIONS as the kernel writes them.
};

/// A network interface.
struct Link {
  int index = 0;
  std::string name;
  std::string kind;  ///< "veth", "ifb"; empty for a real one.
  std::uint32_t mtu = 0;
  bool is_up = false;
  bool segments_late = false;  ///< Carries packets larger than its MTU, cut by the device (GSO).
};

/// What netem is asked to do (sch_netem of the kernel).
struct Netem {
  Duration delay{};
  Duration jitter{};
  std::string distribution{};  ///< A table of 16-bit numbers; empty: evenly.
  bool in_order = true;
  double duplicate = 0;  ///< Shares, 0 to 1.
  double corrupt = 0;
  double reorder = 0;
  struct Chain {
    double to_bad, to_good, loss_bad, loss_good;
  };
  std::optional<Chain> chain{};  ///< Gilbert-Elliott loss.
  std::uint32_t limit = 1000;    ///< Packets.
};

/// The text of a handle: "50a1:", "50a1:2", "root".
std::string handle_text(std::uint32_t handle);

// Options of qdiscs and classes.
std::string htb_options(std::uint32_t default_class);
/// A class that lets `bytes_per_second` pass.
std::string htb_class_options(double bytes_per_second);
std::string netem_options(const Netem& netem);
std::string fifo_options(std::uint32_t packets);

/// What must be written so that the kernel's answer is `options` again. fq_codel keeps its times in
/// units of 1024 ns, tells them in whole microseconds, rounded down, and rounds down again.
std::string options_to_put_back(const std::string& kind, std::string options);

// Messages to the kernel.
std::string message_to_put(const Qdisc& qdisc);  ///< Replaces what is there.
std::string message_to_delete(const Qdisc& qdisc);
std::string message_for_class(int interface, std::uint32_t parent, std::uint32_t handle,
                              const std::string& options);
std::string message_to_delete_class(int interface, std::uint32_t handle);
std::string message_to_add_ifb(const std::string& name, int index);
std::string message_to_set_up(int index);
std::string message_to_delete_link(int index);
std::string message_to_list_qdiscs();
std::string message_to_list_classes(int interface);
std::string message_to_list_links();

/// Reads what the kernel answers; none for other messages.
std::optional<Qdisc> read_qdisc(std::string_view message);
std::optional<TrafficClass> read_class(std::string_view message);
std::optional<Link> read_link(std::string_view message);

}  // namespace squall::faults
