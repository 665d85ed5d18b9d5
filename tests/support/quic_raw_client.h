#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "tests/support/quic_client_peer.h"
#include "tests/support/quic_server_world.h"

namespace squall::test {

/// A client of a world's server that says what it is told to, be it HTTP/3 or not.
///
/// Lifecycle:  made; shakes hands with the first exchange().
/// Threads:    one owner.
/// Errors:     as QuicClientPeer.
struct RawClient {
  explicit RawClient(QuicServerWorld& of) : world(of), peer(of.now) {}

  /// Moves datagrams to and fro until there are none.
  void exchange() {
    constexpr Duration kPace = std::chrono::milliseconds(2);
    do {
      while (move()) {
      }
    } while (tick(world.now + kPace));
  }
  bool move() {
    bool moved = false;
    for (const std::string& datagram : peer.take(world.now)) {
      moved = true;
      world.give_server(datagram, address);
    }
    world.server->flush(world.now);
    for (auto& [to, datagram] : std::exchange(world.sent, {})) {
      moved = true;
      peer.receive(datagram, world.now);
    }
    return moved;
  }
  bool tick(Instant until) {
    const Instant next =
        std::min(peer.next_timer(), world.server->next_timer().value_or(Instant::max()));
    if (next == Instant::max() || next > until) return false;
    world.now = std::max(world.now, next);
    world.server->on_timer(world.now);
    if (peer.next_timer() <= world.now) peer.on_timer(world.now);
    return true;
  }
  /// Shakes hands and says what a sound client says first.
  void begin() {
    exchange();
    control = peer.open_uni();
    peer.write(control, std::string("\x00\x04\x00", 3));
    exchange();
  }
  /// A request of those bytes, on a new stream.
  std::int64_t ask(std::string_view bytes, bool is_last = true) {
    const std::int64_t stream = peer.open_bidi();
    if (stream >= 0) peer.write(stream, bytes, is_last);
    exchange();
    return stream;
  }

  QuicServerWorld& world;
  QuicClientPeer peer;
  asio::ip::udp::endpoint address{asio::ip::make_address("127.0.0.1"), 40'000};
  std::int64_t control = -1;
};

}  // namespace squall::test
