#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "generators/load/connection.h"
#include "generators/spec/disturbance.h"
#include "generators/transport/datagram_trouble.h"
#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall::generators {

/// Disturbs the QUIC connections of a load on a shard: those that are up, and those that will be
/// while it is in force. Those over TCP it leaves alone; of handshakes it gives their dialer the
/// trouble() that their datagrams meet with.
///
/// New ports, new addresses and new keys come at the begin and each `every` after it, before the
/// end, for all at once.
///
/// Lifecycle:  begin → end, again and again; outlives nothing of the connections.
/// Threads:    its shard's.
/// Errors:     none: what could not be done is in the tally.
class Disturber {
 public:
  using Act = std::function<void(Connection&)>;
  /// Does something to each connection that there is.
  using ForEach = std::function<void(const Act&)>;

  explicit Disturber(asio::io_context& loop)
      : rebinds_(loop), migrations_(loop), key_updates_(loop) {}

  void begin(const Disturbance& what, std::uint64_t seed, ForEach for_each);
  /// What came of it; nothing when none was in force.
  DisturbanceTally end();
  /// What is in force; null: nothing.
  const std::shared_ptr<DatagramTrouble>& trouble() const { return trouble_; }
  void on_opened(Connection& connection, Instant now);
  void on_lost(const Connection& connection);

  /// When that comes again which was due at `due`: `every` later, though it may have come late; not
  /// twice to make good what `now` is too late for, and not when all is over, or later.
  static std::optional<Instant> next_round(Instant due, Duration every, Instant now, Instant over);

 private:
  // Of what was due then.
  void rebind(Instant due);
  void migrate(Instant due);
  void update_keys(Instant due);
  /// Does it when it comes again, unless the trouble is another one then, or none.
  void again(asio::steady_timer& timer, Instant due, Duration every,
             void (Disturber::*what)(Instant));

  asio::steady_timer rebinds_;
  asio::steady_timer migrations_;
  asio::steady_timer key_updates_;
  ForEach for_each_;
  std::shared_ptr<DatagramTrouble> trouble_;  // Null: none is in force.
  std::uint64_t turn_ = 0;                    // Of the addresses to migrate to.
  Instant over_{};                            // When it is to end.
};

}  // namespace squall::generators
