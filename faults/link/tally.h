#pragma once

#include <cstdint>
#include <string>

#include "faults/link/link_model.h"
#include "faults/spec/link_spec.h"
#include "harness/base/units.h"

namespace squall::faults {

/// What a link did in one direction while its fault was in force.
struct DirectionTally {
  std::uint64_t datagrams = 0;  ///< Came in, and of these:
  std::uint64_t lost = 0;
  std::uint64_t too_large = 0;
  std::uint64_t overflowed = 0;  ///< Too many waited for the rate.
  std::uint64_t swallowed = 0;   ///< By a black hole.
  std::uint64_t duplicated = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t overtaken = 0;
  std::uint64_t segments = 0;  ///< Of streams, and of these:
  std::uint64_t stalled = 0;
  std::uint64_t bytes = 0;      ///< Of both, passed on.
  std::uint64_t delivered = 0;  ///< Datagrams and pieces of streams whose delay is known.
  double delay_sum_s = 0;       ///< Measured, from coming in to going out, without stalls.
  double delay_squares_s2 = 0;
  std::uint64_t held_up = 0;  ///< Pieces of streams that waited for a stall, and
  double stall_sum_s = 0;     ///< for how long in all.

  /// Counts what was decided of a datagram, or of a piece of a stream.
  void count_datagram(const Fate& fate);
  void count_stream(const Fate& fate);
  /// Counts what has gone out, and how much of its delay was for stalls.
  void count_delivery(Duration delay, std::size_t size, Duration waited = {});
};

/// What a link did while its fault was in force.
struct LinkTally {
  DirectionTally up;
  DirectionTally down;
  Duration in_force{};            ///< For how long; the pauses of a pulse not counted.
  std::uint64_t connections = 0;  ///< Accepted.
  std::uint64_t half_open = 0;    ///< Accepted, and not connected on.
  std::uint64_t held = 0;         ///< Streams and connections that waited in a black hole.
  std::uint64_t resets = 0;
  std::uint64_t late_ends = 0;  ///< Ends of streams that were passed on late.
  std::uint64_t rebinds = 0;
  std::uint64_t overruns = 0;  ///< Datagrams that the relay itself could not take or send in time.
  std::uint64_t tries = 0;  ///< Connections of our own to where it listens that were answered, and
  std::uint64_t refusals = 0;  ///< of these were refused.

  bool is_refusing() const { return tries > 0 && refusals == tries; }
};

/// A tally in words, and what it says of the fault.
struct LinkFinding {
  std::string seen;     ///< "up: loss 1.97 % of 10423 datagrams; down: …"
  bool took = false;    ///< What was asked for happened.
  std::string why_not;  ///< When it did not.
};

/// Compares what a link did with what was asked of it. Losses may deviate from what was asked by
/// six standard deviations; a mean delay must not be shorter than what was asked by a tenth.
LinkFinding judge(const LinkFault& asked, const LinkTally& tally);

}  // namespace squall::faults
