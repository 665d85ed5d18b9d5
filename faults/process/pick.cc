#include "faults/process/pick.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "harness/base/dice.h"

namespace squall::faults {
namespace {

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
  Dice dice(seed);
  for (std::size_t at = 0; at < wanted; ++at) {  // The first steps of a Fisher-Yates shuffle.
    std::swap(indices[at], indices[at + dice.below(count - at)]);
  }
  indices.resize(wanted);
  std::sort(indices.begin(), indices.end());
  return indices;
}

}  // namespace squall::faults
