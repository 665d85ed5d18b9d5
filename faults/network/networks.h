#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "faults/network/probe_path.h"
#include "faults/network/qdisc_tree.h"
#include "faults/network/traffic_control.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// One network namespace, as far as faults need it.
///
/// Cut this small so that tests can stand in for it (tests/support/fake_networks.h).
///
/// Lifecycle:  made by Networks::open(); what it speaks with stays in its namespace.
/// Threads:    one at a time.
/// Errors:     the kernel's refusals, in its own words where it has any.
class Network {
 public:
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  virtual ~Network() = default;

  virtual Result<std::vector<Link>> links() = 0;
  virtual Result<std::vector<Qdisc>> qdiscs() = 0;
  /// The classes of all qdiscs of one interface.
  virtual Result<std::vector<TrafficClass>> classes(int interface) = 0;
  /// All that is below the root qdisc of one interface.
  virtual Result<std::vector<TreePart>> tree(int interface) = 0;
  /// By which probes are sent out of one interface, through a class of its root; 0: as its filters
  /// and rules have it.
  virtual Result<std::unique_ptr<ProbePath>> probe_path(int interface, std::uint32_t class_id) = 0;
  /// Sends one message of rtnetlink and waits for the kernel's word.
  virtual Result<void> change(std::string_view message) = 0;
  /// Has nftables carry out commands of its JSON (libnftables-json(5)) or its language (nft(8)),
  /// all or none; its answer is JSON.
  virtual Result<std::string> nft(const std::string& commands) = 0;
};

/// The network namespaces of this machine, by the inode of each.
///
/// Lifecycle:  outlives all who hold a reference to it.
/// Threads:    any may call.
/// Errors:     no_such_file_or_directory says that there is no such namespace.
class Networks {
 public:
  Networks() = default;
  Networks(const Networks&) = delete;
  Networks& operator=(const Networks&) = delete;
  virtual ~Networks() = default;

  virtual Result<std::unique_ptr<Network>> open(std::uint64_t inode) = 0;
  /// The namespace of this thread, of a process, of a name that `ip netns` knows.
  virtual Result<std::uint64_t> own() = 0;
  virtual Result<std::uint64_t> of_process(pid_t pid) = 0;
  virtual Result<std::uint64_t> of_name(const std::string& name) = 0;
  /// All that can be found by a process in them or by a name.
  virtual Result<std::vector<std::uint64_t>> all() = 0;
  /// The number of a control group of version 2, by which nftables knows it: whoever makes it anew
  /// gives it another.
  virtual Result<std::uint64_t> cgroup(const std::string& path) = 0;
  /// The kind of qdisc that the kernel gives to new interfaces.
  virtual Result<std::string> default_qdisc() = 0;
  /// Lets time pass, while someone waits for packets to leave.
  virtual void pause(Duration length) = 0;
};

}  // namespace squall::faults
