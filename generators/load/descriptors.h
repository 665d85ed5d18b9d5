#pragma once

#include <cstddef>

namespace squall::generators {

struct PreparedLoad;

/// How many descriptors a load may have open at one time on that many shards. With `auto` a
/// connection over TCP is tried beside one over QUIC, a shared socket serves all connections of a
/// shard, and each file of a qlog is one more. Pure.
std::size_t descriptors_of(const PreparedLoad& load, std::size_t shards);

}  // namespace squall::generators
