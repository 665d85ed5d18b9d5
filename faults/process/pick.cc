#include "faults/process/pick.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace squall::faults {
namespace {

/// splitmix64 (Steele, Lea, Flood 2014): small, and the same on every machine and library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t mixed = (state_ += 0x9e3779b97f4a7c15U);
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

  /// 0 to `bound` - 1. The bias of the remainder is below 2^-40 for all counts of processes.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(next() % bound); }

 private:
  std::uint64_t state_;
};

std::size_t how_many(const Pick& pick, std::size_t count) {
  if (pick.count) return static_cast<std::size_t>(std::min<std::uint64_t>(*pick.count, count));
  if (!pick.share) return count;
  const double wanted = std::ceil(pick.share->value * static_cast<double>(count) - 1e-9);
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(wanted, 1.0)), 1, count);
}

}  // namespace

std::vector<std::size_t> choose(const Pick& pick, std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> indices(count);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  if (count == 0) return indices;
  const std::size_t wanted = how_many(pick, count);
  Random random(seed);
  for (std::size_t at = 0; at < wanted; ++at) {  // The first steps of a Fisher-Yates shuffle.
    std::swap(indices[at], indices[at + random.below(count - at)]);
  }
  indices.resize(wanted);
  std::sort(indices.begin(), indices.end());
  return indices;
}

}  // namespace squall::faults
