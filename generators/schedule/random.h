#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace squall::generators {

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the input moves every bit of
/// the output. Ours, because the standard library's distributions differ between libraries.
constexpr std::uint64_t scramble(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

/// The random number of `counter` in the stream of `seed`: any of them without those before it.
constexpr std::uint64_t random_at(std::uint64_t seed, std::uint64_t counter) {
  return scramble(scramble(seed) ^ (counter * 0xd1342543de82ef95U));
}

/// A seed for one purpose, so that streams for different purposes are independent.
constexpr std::uint64_t derive_seed(std::uint64_t seed, std::string_view purpose) {
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char letter : purpose) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
  }
  return scramble(seed ^ hash);
}

/// 53 random bits as a number in [0, 1).
constexpr double to_unit(std::uint64_t bits) { return static_cast<double>(bits >> 11U) * 0x1p-53; }

/// An exponential variate of mean 1.
inline double to_exponential(std::uint64_t bits) { return -std::log1p(-to_unit(bits)); }

/// A seeded sequence of random numbers: xoshiro256++ (Blackman, Vigna 2018).
///
/// Lifecycle:  a value; the same seed gives the same sequence on every machine.
/// Threads:    one owner at a time.
/// Errors:     none.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) word = seed = scramble(seed);
  }

  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// In [0, 1).
  double unit() { return to_unit(next()); }
  /// Of mean 1.
  double exponential() { return to_exponential(next()); }
  /// Of mean 0 and standard deviation 1 (Box, Muller 1958).
  double normal() {
    const double radius = std::sqrt(2 * exponential());
    constexpr double kTurn = 6.283185307179586;
    return radius * std::cos(kTurn * unit());
  }
  /// A whole number from 0 to `bound` - 1; of all 64 bits when `bound` is 0. Without bias: what
  /// does not divide evenly is drawn again.
  std::uint64_t below(std::uint64_t bound) {
    if (bound == 0) return next();
    const std::uint64_t uneven = (0 - bound) % bound;  // 2^64 mod bound
    std::uint64_t drawn = next();
    while (drawn < uneven) drawn = next();
    return drawn % bound;
  }

 private:
  static constexpr std::uint64_t rotate(std::uint64_t value, unsigned by) {
    return (value << by) | (value >> (64U - by));
  }

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace squall::generators
