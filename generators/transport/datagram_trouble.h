#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "generators/schedule/random.h"
#include "generators/session/datagram_session.h"
#include "generators/spec/disturbance.h"
#include "harness/base/units.h"

namespace squall::generators {

/// What datagrams meet with while a disturbance is in force, and what came of it. The links of one
/// load on one shard share it.
///
/// Lifecycle:  made when the disturbance begins; outlives its end as long as a link knows it.
/// Threads:    its shard's.
/// Errors:     none.
struct DatagramTrouble {
  /// What becomes of one datagram.
  struct Fate {
    int copies = 1;   ///< None: it vanishes.
    Duration held{};  ///< Before it goes on.
  };
  /// So much longer is one held that others are to overtake.
  static constexpr Duration kHeldBack = std::chrono::milliseconds(5);

  DatagramTrouble(Disturbance asked, std::uint64_t seed) : what(std::move(asked)), random(seed) {}

  Fate meet(std::size_t size);

  Disturbance what;
  Random random;
  DisturbanceTally tally;
};

/// A datagram on its way, which is held back.
struct HeldDatagram {
  Instant at{};              ///< Until then.
  std::uint64_t number = 0;  ///< The order in which they came.
  bool is_outgoing = false;
  Ecn ecn = Ecn::kNone;
  std::vector<char> bytes;
};

/// Datagrams that are held back, in the order in which they are to go on.
class HeldDatagrams {
 public:
  void hold(Instant until, bool is_outgoing, std::span<const char> bytes, Ecn ecn);
  /// When the first is to go on.
  std::optional<Instant> next() const;
  /// Takes the first, if it is to go on by `now`.
  std::optional<HeldDatagram> take(Instant now);

 private:
  std::vector<HeldDatagram> heap_;
  std::uint64_t count_ = 0;
};

}  // namespace squall::generators
