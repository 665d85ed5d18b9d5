#pragma once

#include <cstdint>
#include <optional>

#include "faults/link/agenda.h"
#include "faults/link/link_model.h"
#include "faults/link/tally.h"
#include "faults/spec/link_spec.h"
#include "harness/base/units.h"
#include "harness/runtime/asio.h"

namespace squall::faults {

/// One direction of a link at work.
struct Direction {
  LinkModel model;
  DirectionTally tally;
};

/// What the relays of one link share: what is in force, and what was counted.
///
/// Lifecycle:  outlives its relays; begin → (pause → go_on)… → end, again and again.
/// Threads:    the loop's.
/// Errors:     none.
struct LinkState {
  LinkState(asio::io_context& its_loop, Agenda& its_agenda) : loop(its_loop), agenda(its_agenda) {}

  asio::io_context& loop;
  Agenda& agenda;
  Direction up;
  Direction down;
  LinkTally tally;                 ///< Without the two directions, and without the time in force.
  std::optional<LinkFault> fault;  ///< What is in force just now: none between faults and pulses.
  Instant since{};                 ///< When it came into force.
  Duration was_in_force{};         ///< Before that: in the earlier pulses.
  std::uint64_t epoch = 0;  ///< Another one after each change, so that what was planned can tell.

  /// Makes `asked` be in force from now, with fresh counts.
  void begin(const LinkFault& asked, std::uint64_t seed, Instant now) {
    up = {LinkModel(asked.up, seed), {}};
    down = {LinkModel(asked.down, ~seed), {}};
    tally = {};
    was_in_force = {};
    go_on(asked, now);
  }
  void go_on(const LinkFault& asked, Instant now) {
    fault = asked;
    since = now;
    ++epoch;
  }
  /// Everything passes again; the counts stay.
  void pause(Instant now) {
    if (fault) was_in_force += now - since;
    fault.reset();
    ++epoch;
  }

  bool swallows_datagrams() const { return fault && fault->black_hole; }
  bool holds_streams() const { return swallows_datagrams() && !fault->spares_streams; }
  bool is_half_open() const { return fault && fault->half_open; }
  /// Counts something that came in at `came` and goes out now, `stalled` of it for a loss.
  void count_delivery(Direction& way, Instant came, Instant now, std::size_t size,
                      Duration stalled = {}) const {
    if (fault && came >= since) way.tally.count_delivery(now - came, size, stalled);
  }
  /// What becomes of a piece of a stream; without a fault it follows what is before it.
  Fate stream(Direction& way, Instant now, std::size_t size, Flow& flow) const {
    if (!fault) return LinkModel().stream(now, size, flow);
    Fate fate = way.model.stream(now, size, flow);
    way.tally.count_stream(fate);
    return fate;
  }
  /// What becomes of a datagram.
  Fate datagram(Direction& way, Instant now, std::size_t size, Flow& flow) const {
    if (!fault) return LinkModel().datagram(now, size, flow);
    Fate fate = way.model.datagram(now, size, flow);
    way.tally.count_datagram(fate);
    return fate;
  }
  LinkTally counted(Instant now) const {
    LinkTally all = tally;
    all.up = up.tally;
    all.down = down.tally;
    all.in_force = was_in_force + (fault ? now - since : Duration::zero());
    return all;
  }
};

}  // namespace squall::faults
