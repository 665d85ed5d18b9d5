#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "faults/network/held_faults.h"
#include "faults/network/network_undo.h"
#include "faults/network/networks.h"
#include "faults/network/nft_rules.h"
#include "faults/spec/network_spec.h"
#include "faults/spec/protected_peer.h"
#include "harness/base/result.h"

namespace squall::faults {

/// What this machine's kernel can do, each tried out in a namespace of its own.
struct Capabilities {
  bool htb = false;        ///< The root of ours, and rates.
  bool netem = false;      ///< Delay, jitter, duplicates, corruption, reordering, bursts of loss.
  bool blackhole = false;  ///< Where what is lost goes, so that the sender does not notice.
  bool ifb = false;        ///< What comes in, led through qdiscs.
  bool egress = false;     ///< nftables sees what goes out of an interface,
  bool ingress = false;    ///< or comes in,
  bool forward = false;    ///< and leads it through an ifb,
  bool reject = false;     ///< or answers for the other side.
  bool cgroup = false;     ///< It knows a packet's socket, and the cgroup that this is in.

  static Capabilities all() { return {true, true, true, true, true, true, true, true, true}; }
  bool operator==(const Capabilities&) const = default;
};

/// What a plan has to know of the place.
struct NetworkFacts {
  std::uint64_t space = 0;                     ///< The namespace,
  bool is_own_space = true;                    ///< which is the one in which the agent is reached.
  std::vector<Link> links;                     ///< All of its interfaces
  std::vector<Qdisc> qdiscs;                   ///< and their qdiscs,
  std::map<int, std::vector<TreePart>> trees;  ///< What is below roots with classes (htb, mq),
  std::string default_qdisc;                   ///< and what the kernel gives to new interfaces.
  Capabilities capabilities;
  std::vector<HeldFault> held;  ///< What else of this process is in force there.
  /// Whose packets always pass in the agent's own namespace.
  std::vector<ProtectedPeer> protected_peers{};
};

/// One step of a plan.
struct NetworkChange {
  enum class By { kNetlink, kNft };
  By by = By::kNetlink;
  std::string line;     ///< The same as a line of `tc`, `ip` or `nft`.
  std::string payload;  ///< The message, or the JSON.
};

/// Every step of a network fault, in order, and what takes them all back.
struct NetworkPlan {
  std::vector<NetworkChange> changes;
  NetworkUndo undo;
  std::vector<std::string> undo_lines;  ///< The same as lines.
  std::vector<NftTable> tables;
  int interface = 0;       ///< Where it is, and
  std::optional<int> ifb;  ///< through which of ours incoming packets go.
  /// The class through which probes must be sent, where no rule would meet them; else 0.
  std::uint32_t probe_class = 0;
  std::vector<Qdisc> qdiscs;        ///< Those of ours, as they must be read back: kind and place.
  std::uint32_t mtu = 0;            ///< Of the interface.
  std::vector<std::string> notes;   ///< What people should know of it before,
  std::vector<std::string> limits;  ///< and what they should know of what was seen.
};

/// Plans `fault` for the place of `facts`, under names that end in `name` ("12_345_1", letters,
/// digits and '_'). Fails with what stands in its way: the interface is not there, another fault
/// there may meet the same packets, its root qdisc could not be put back, the kernel cannot do it,
/// or SSH or the agent's coordinator is meant.
Result<NetworkPlan> plan_network(const NetworkFault& fault, const NetworkFacts& facts,
                                 const std::string& name);

/// How many packets netem must be able to hold: those that a link of this rate sends while they
/// are delayed, with a quarter to spare, and for a rate a tenth of a second of it.
std::uint32_t netem_limit(Duration delay, Duration jitter, std::optional<double> bits_per_second);

/// netem's table for a distribution: the values at even steps of probability, 8192 for each
/// jitter; empty for the uniform one, which is netem's own.
std::string distribution_table(Impairment::Distribution distribution);

/// "delay 40 ms, loss 2 %".
std::string describe_effect(const NetworkFault& fault);

/// netem's options as `tc` has them: "limit 1000 delay 40ms".
std::string netem_words(const NetworkFault& fault, const Netem& netem);

/// A word, or several, as a shell takes it for one.
std::string for_shell(const std::string& text);

/// The undo as lines of `tc`, `ip` and `nft`. `leaves_root`: to others, who put it back.
std::vector<std::string> undo_lines(const NetworkUndo& undo, const NftTable& table,
                                    bool leaves_root);

}  // namespace squall::faults
