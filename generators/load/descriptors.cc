#include "generators/load/descriptors.h"

#include <algorithm>

#include "generators/load/prepared_load.h"

namespace squall::generators {
namespace {

// On each shard there is one for an address of the server's and one of ours: seldom more than a
// few.
constexpr std::size_t kSharedSockets = 16;

std::size_t sockets_of(const PreparedLoad& load, std::size_t shards) {
  const std::size_t connections = load.target.connections;
  if (!load.quic) return connections;
  const std::size_t quic = load.target.quic.shares_socket ? shards * kSharedSockets : connections;
  return load.target.protocol == Protocol::kAuto ? quic + connections : quic;
}

}  // namespace

std::size_t descriptors_of(const PreparedLoad& load, std::size_t shards) {
  const std::size_t files = load.qlog ? std::min(load.target.connections, QlogFolder::kMost) : 0;
  return sockets_of(load, shards) + files;
}

}  // namespace squall::generators
