#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace squall {

/// A seeded sequence of random numbers: SplitMix64 (Steele, Lea, Flood 2014).
///
/// Lifecycle:  a value; the same seed gives the same sequence on every machine.
/// Threads:    one owner at a time.
/// Errors:     none.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t mixed = (state_ += 0x9e3779b97f4a7c15U);
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

  /// 0 to `bound` - 1. The bias of the remainder is below 2^-40 for bounds below 2^24.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// In [0, 1).
  double unit() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  /// True with this probability. What is sure takes no number from the sequence.
  bool falls(double share) { return share > 0 && (share >= 1 || unit() < share); }
  /// Of mean 0 and standard deviation 1 (Box and Muller 1958; the second of the pair is let go).
  double normal() {
    const double radius = std::sqrt(-2 * std::log1p(-unit()));
    return radius * std::cos(2 * std::numbers::pi * unit());
  }

 private:
  std::uint64_t state_;
};

}  // namespace squall
