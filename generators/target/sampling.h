#pragma once

#include <cstdint>

#include "generators/target/behaviour.h"
#include "harness/base/units.h"

namespace squall::generators {

/// A seeded stream of random numbers that is the same on every machine, which the distributions of
/// the standard library are not. SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom
/// number generators, OOPSLA 2014).
///
/// Lifecycle:  a value.
/// Threads:    one at a time.
/// Errors:     none.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next();
  /// Evenly from 0 (included) to 1 (excluded).
  double uniform();
  /// Standard normal (Box and Muller 1958).
  double normal();

 private:
  std::uint64_t state_;
};

/// Draws one service time; never more than an hour, so that no sum of them can overflow.
Duration sample(const ServiceTime& service, RandomStream& random);

}  // namespace squall::generators
