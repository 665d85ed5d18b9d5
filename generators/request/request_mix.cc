#include "generators/request/request_mix.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "generators/schedule/random.h"

namespace squall::generators {

RequestMix::RequestMix(const std::vector<double>& weights, std::uint64_t seed)
    : seed_(derive_seed(seed, "mix")) {
  double sum = 0;
  for (const double weight : weights) {
    if (std::isfinite(weight) && weight > 0) sum += weight;
    cumulative_.push_back(sum);
  }
  if (sum > 0) return;
  for (std::size_t i = 0; i < cumulative_.size(); ++i) cumulative_[i] = static_cast<double>(i + 1);
}

std::size_t RequestMix::pick(std::uint64_t number) const {
  if (cumulative_.size() < 2) return 0;
  const double drawn = to_unit(random_at(seed_, number)) * cumulative_.back();
  const auto chosen = std::upper_bound(cumulative_.begin(), cumulative_.end(), drawn);
  const auto index = static_cast<std::size_t>(std::distance(cumulative_.begin(), chosen));
  return std::min(index, cumulative_.size() - 1);  // Rounding up to the very end.
}

}  // namespace squall::generators
