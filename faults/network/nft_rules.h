#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "faults/spec/network_spec.h"

namespace squall::faults {

/// Every table that is ours is named so; what follows tells whose: "squall_PID_TICKS_n".
inline constexpr std::string_view kTablePrefix = "squall_";

/// What a rule does with the packets that it meets.
struct NftVerdict {
  enum class Kind {
    kCount,        ///< Nothing: they pass, and are counted.
    kClassify,     ///< Go to this class of the root qdisc.
    kForward,      ///< Go through that interface.
    kDrop,         ///< Vanish.
    kReset,        ///< Are answered by a reset (TCP),
    kUnreachable,  ///< or by "port unreachable".
    kSpare,        ///< Pass without being counted: protected.
  };
  Kind kind = Kind::kCount;
  std::uint32_t class_id = 0;
  std::string interface {};
};

/// One line of a chain.
struct NftRule {
  /// IPv4 or IPv6 alone, where addresses are named; else both.
  enum class Family { kAny, kV4, kV6 };
  Family family = Family::kAny;
  std::vector<std::string> to{};
  std::vector<std::string> from{};
  std::vector<std::string> transports{};
  std::vector<std::uint16_t> to_ports{};
  std::vector<std::uint16_t> from_ports{};
  /// Only what finds neighbours: of IPv6, where that is the family; else ARP.
  bool finds_neighbours = false;
  std::string cgroup{};     ///< Only packets of sockets in it (socket cgroupv2).
  double share = 1;         ///< Of these packets only that share, by chance,
  std::uint64_t every = 0;  ///< or each n-th.
  NftVerdict verdict{};
  std::string name{};  ///< A comment, by which counters are found again.
};

/// A chain at one interface.
struct NftChain {
  enum class Hook { kEgress, kIngress, kOutput, kInput };
  std::string name;
  Hook hook = Hook::kEgress;
  std::string interface;
  std::vector<NftRule> rules;
};

/// A table of ours.
struct NftTable {
  std::string family = "netdev";  ///< Or "inet", for what the netdev family cannot do.
  std::string name;
};

// Commands of libnftables-json(5).
std::string json_to_add(const NftTable& table);
std::string json_to_add(const NftTable& table, const std::vector<NftChain>& chains);
/// The same as text: libnftables' JSON cannot tell the level of a cgroup.
std::string text_to_add(const NftTable& table, const std::vector<NftChain>& chains);
std::string json_to_delete(const NftTable& table);
/// Deletes the table and adds it empty, in one step.
std::string json_to_empty(const NftTable& table);
std::string json_to_list_tables();
std::string json_to_list(const NftTable& table);

/// The same rule as `nft` writes it.
std::string nft_text(const NftChain& chain, const NftRule& rule);
/// "add chain netdev squall_x out { type filter hook egress device "va" priority 0; }".
std::string nft_text(const NftTable& table, const NftChain& chain);

/// How many packets a rule has met, and how large they were in all.
struct RuleCount {
  std::string name;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
};

// What libnftables answers; what makes no sense is passed over.
std::vector<NftTable> read_our_tables(std::string_view json);
std::vector<RuleCount> read_counts(std::string_view json);

/// The rules by which both sides' filters meet packets, without verdict: two where addresses of
/// both families are named; none where the two sides never go together. `swapped`: answers.
std::vector<NftRule> rules_for(const NetworkFault& fault, bool swapped);

}  // namespace squall::faults
