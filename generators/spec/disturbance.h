#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.h"

namespace squall::generators {

/// What is done to the datagrams of a load's QUIC connections where they are sent and received.
/// The default does nothing.
struct Disturbance {
  Share loss{};  ///< Each way, as are the next four.
  Share duplicate{};
  Share reorder{};  ///< Held back so long that others overtake them.
  Duration delay{};
  std::optional<Bytes> mtu{};  ///< Larger datagrams vanish.
  /// A new source port under a connection that is not told of it, as a NAT does.
  std::optional<Duration> rebind_every{};
  /// The connection itself goes to another source address (RFC 9000 §9),
  std::optional<Duration> migrate_every{};
  std::vector<std::string> migrate_to{};  ///< one of these after the other.
  /// The connection goes on with new keys (RFC 9001 §6).
  std::optional<Duration> update_keys_every{};
  /// How long it is to last: what would come again when it ends does not. Nothing: not known ahead.
  std::optional<Duration> lasts{};
};

/// What came of it. Tallies of shards add up.
struct DisturbanceTally {
  std::uint64_t connections = 0;  ///< That were up when it began, or were opened during it,
  std::uint64_t lost = 0;         ///< those of them that were lost in that time,
  std::uint64_t silent = 0;       ///< and of the others those in a gap of 1 s or more at its end.
  std::uint64_t datagrams = 0;    ///< That came by, both ways:
  std::uint64_t dropped = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t held_back = 0;  ///< By reordering.
  std::uint64_t too_large = 0;
  std::uint64_t rebinds = 0;
  std::uint64_t migrations = 0;  ///< Whose new path the server answered on (RFC 9000 §8.2),
  std::uint64_t unanswered =
      0;  ///< and those where it did not, or not before the next, or the end.
  std::uint64_t not_migrated = 0;  ///< Because the server forbids it, or one was still under way.
  std::uint64_t no_socket = 0;     ///< Rebinds and migrations for which there was no socket,
  std::string why_no_socket;       ///< in words, the first time.
  std::uint64_t key_updates = 0;   ///< Of ours, that the server followed,
  std::uint64_t keys_kept = 0;     ///< and those too soon after the one before, or not followed.
  /// A gap is for how long answers were owed and no byte of any came.
  Duration longest_gap{};
  Duration all_gaps{};  ///< Of each connection the longest, together.

  void add(const DisturbanceTally& other) {
    connections += other.connections;
    lost += other.lost;
    silent += other.silent;
    datagrams += other.datagrams;
    dropped += other.dropped;
    duplicated += other.duplicated;
    held_back += other.held_back;
    too_large += other.too_large;
    rebinds += other.rebinds;
    migrations += other.migrations;
    unanswered += other.unanswered;
    not_migrated += other.not_migrated;
    no_socket += other.no_socket;
    key_updates += other.key_updates;
    keys_kept += other.keys_kept;
    if (why_no_socket.empty()) why_no_socket = other.why_no_socket;
    longest_gap = std::max(longest_gap, other.longest_gap);
    all_gaps += other.all_gaps;
  }
};

}  // namespace squall::generators
