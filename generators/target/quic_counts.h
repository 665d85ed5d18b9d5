#pragma once

#include <cstdint>

namespace squall::generators {

/// What came to QUIC servers and went from them, besides connections.
struct QuicCounts {
  std::uint64_t datagrams_received = 0;
  std::uint64_t datagrams_sent = 0;
  std::uint64_t dropped_by_kernel = 0;  ///< The socket's buffer was full.
  std::uint64_t handshakes = 0;
  std::uint64_t resumed = 0;
  std::uint64_t early = 0;  ///< Handshakes with early data that was taken.
  std::uint64_t retries = 0;
  std::uint64_t version_negotiations = 0;
  std::uint64_t stateless_resets = 0;
  std::uint64_t ignored = 0;  ///< Datagrams that belong to nothing.
  // HTTP's, as of connections over TCP.
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::uint64_t body_bytes_received = 0;

  QuicCounts& operator+=(const QuicCounts& more) {
    datagrams_received += more.datagrams_received;
    datagrams_sent += more.datagrams_sent;
    dropped_by_kernel += more.dropped_by_kernel;
    handshakes += more.handshakes;
    resumed += more.resumed;
    early += more.early;
    retries += more.retries;
    version_negotiations += more.version_negotiations;
    stateless_resets += more.stateless_resets;
    ignored += more.ignored;
    bytes_received += more.bytes_received;
    bytes_sent += more.bytes_sent;
    body_bytes_received += more.body_bytes_received;
    return *this;
  }
};

}  // namespace squall::generators
