#include "harness/coordinator/blast_radius.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "harness/base/dice.h"

namespace squall::coordinator {
namespace {

/// FNV-1a (Fowler, Noll, Vo): the same on every machine, which std::hash need not be.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return hash;
}

}  // namespace

Result<std::vector<std::size_t>> within_blast_radius(const scenarios::SafetySpec& safety,
                                                     std::uint64_t seed, const std::string& fault,
                                                     std::vector<std::size_t> matched) {
  std::size_t most = matched.size();
  if (safety.blast_share) {
    // 30 % of 10 are 3, whatever a double makes of it.
    constexpr double kRounding = 1e-9;
    const double share = safety.blast_share->value * static_cast<double>(matched.size());
    most = static_cast<std::size_t>(std::floor(share + kRounding));
  }
  if (safety.blast_agents) most = std::min<std::size_t>(most, *safety.blast_agents);
  if (most == 0 && !matched.empty()) {
    return error(std::errc::invalid_argument,
                 fmt::format("fault {}: safety.blast_radius leaves none of the {} agents that it "
                             "is meant for",
                             fault, matched.size()));
  }
  Dice dice(seed ^ hash_of(fault));
  for (std::size_t i = 0; i < most; ++i) {
    std::swap(matched[i], matched[i + dice.below(matched.size() - i)]);
  }
  matched.resize(most);
  std::sort(matched.begin(), matched.end());
  return matched;
}

}  // namespace squall::coordinator
