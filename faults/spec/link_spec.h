#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/base/units.h"

namespace squall::faults {

/// Loss in bursts: a chain of two states, good and bad, that may change before each datagram
/// (Gilbert 1960, Elliott 1963).
struct GilbertElliott {
  Share to_bad{};     ///< From good to bad.
  Share to_good{};    ///< From bad to good.
  Share loss_bad{1};  ///< Lost while the state is bad,
  Share loss_good{};  ///< and while it is good.

  bool operator==(const GilbertElliott&) const = default;
  /// The share that is lost in the long run.
  Share average() const {
    const double both = to_bad.value + to_good.value;
    if (both <= 0) return loss_good;
    const double bad = to_bad.value / both;
    return {bad * loss_bad.value + (1 - bad) * loss_good.value};
  }
};

/// What a link does to that which passes it one way. The default does nothing.
struct Impairment {
  /// How the delays spread around `delay`.
  enum class Distribution {
    kUniform,  ///< Evenly, from delay − jitter to delay + jitter.
    kNormal,   ///< jitter is the standard deviation; never less than no delay.
    kPareto,   ///< Shape 3: jitter is the standard deviation, most are a little less, few far more.
  };

  Duration delay{};
  Duration jitter{};
  Distribution distribution = Distribution::kUniform;
  bool in_order = true;  ///< False: datagrams overtake each other as jitter has it.
  Share loss{};
  std::optional<GilbertElliott> gilbert_elliott{};  ///< Instead of `loss`.
  Share duplicate{};                                ///< Datagrams that arrive twice.
  Share corrupt{};                                  ///< Datagrams of which a bit is flipped.
  Share reorder{};  ///< Datagrams that are not delayed: they overtake.
  std::optional<double> rate_bits_per_second{};
  /// What may wait for the rate; none: 100 ms of it, 16 KiB at least.
  std::optional<Bytes> queue{};
  std::optional<Bytes> mtu{};    ///< Larger datagrams vanish.
  std::optional<Bytes> slice{};  ///< A stream is written in pieces of at most this,
  Duration slice_gap{};          ///< with this between one and the next.

  bool operator==(const Impairment&) const = default;
  /// What is lost in the long run, whichever way it was told.
  Share average_loss() const { return gilbert_elliott ? gilbert_elliott->average() : loss; }
};

/// A relay in user space between the load and a target, and what it does while it is in force.
struct LinkFault {
  std::string target;
  std::optional<std::string> listen;  ///< "127.0.0.1:9443"; none: a free port of 127.0.0.1.
  Impairment up;                      ///< From the load to the target.
  Impairment down;                    ///< From the target to the load.
  bool black_hole = false;            ///< Nothing passes, and nothing is said:
  bool spares_streams = false;        ///< if so, of datagrams alone.
  bool half_open = false;  ///< New connections are accepted, and never connected on to the target.
  bool refuse = false;     ///< New connections are refused.
  Duration slow_close{};   ///< The end of a stream is passed on this much later.
  std::optional<Bytes> reset_after_bytes;  ///< A connection is reset when this much has passed,
  std::optional<Duration> reset_after;     ///< or this long after it, and the fault, began.
  std::optional<Duration> rebind_every;    ///< A new source port towards the target, as a NAT does.
};

}  // namespace squall::faults
