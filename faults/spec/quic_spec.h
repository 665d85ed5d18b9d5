#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.h"

namespace squall::faults {

/// What is done to the datagrams of a load's QUIC connections, in the load's own sockets, both
/// ways. The default does nothing.
struct QuicFault {
  std::string load;
  Share loss{};
  Share duplicate{};
  Share reorder{};             ///< Datagrams that are held back, so that others overtake them.
  Duration delay{};            ///< Of each datagram.
  std::optional<Bytes> mtu{};  ///< Larger datagrams vanish.
  /// A new source port under a connection that is not told of it, as a NAT does.
  std::optional<Duration> rebind_every{};
  /// The connection itself goes to another source address (RFC 9000 §9),
  std::optional<Duration> migrate_every{};
  std::vector<std::string> migrate_to{};  ///< one of these after the other.
  /// The connection goes on with new keys (RFC 9001 §6).
  std::optional<Duration> update_keys_every{};
};

}  // namespace squall::faults
