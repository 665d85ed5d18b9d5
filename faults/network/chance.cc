#include "faults/network/chance.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace squall::faults {
namespace {

constexpr double kNegligible = 1e-18;
// Up to here the chain is followed packet by packet; beyond, its bursts are bounded.
constexpr std::uint64_t kFollowed = 1000;

/// Of exactly `hits`.
double chance_of(std::uint64_t hits, std::uint64_t trials, double share) {
  const auto n = static_cast<double>(trials);
  const auto k = static_cast<double>(hits);
  return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                  k * std::log(share) + (n - k) * std::log1p(-share));
}

/// How likely a chain loses 0, 1, 2, … of `trials` packets, when it begins bad or good and moves
/// `steps` times from each to the next.
std::vector<double> losses_of(const GilbertElliott& chain, std::uint64_t trials, bool begins_bad,
                              int steps) {
  double to_bad = chain.to_bad.value;
  double to_good = chain.to_good.value;
  for (int step = 1; step < steps; ++step) {
    const double further = to_bad * (1 - chain.to_good.value) + (1 - to_bad) * chain.to_bad.value;
    to_good = to_good * (1 - chain.to_bad.value) + (1 - to_good) * chain.to_good.value;
    to_bad = further;
  }
  std::vector<double> good(trials + 1, 0);
  std::vector<double> bad(trials + 1, 0);
  (begins_bad ? bad : good)[0] = 1;
  for (std::uint64_t packet = 0; packet < trials; ++packet) {
    for (std::uint64_t lost = packet + 1;; --lost) {
      const auto emit = [&](const std::vector<double>& state, double loss) {
        return state[lost] * (1 - loss) + (lost > 0 ? state[lost - 1] * loss : 0);
      };
      const double from_good = emit(good, chain.loss_good.value);
      const double from_bad = emit(bad, chain.loss_bad.value);
      good[lost] = from_good * (1 - to_bad) + from_bad * to_good;
      bad[lost] = from_good * to_bad + from_bad * (1 - to_good);
      if (lost == 0) break;
    }
  }
  for (std::size_t lost = 0; lost <= trials; ++lost) good[lost] += bad[lost];
  return good;
}

/// That a long run loses so much more, or less, than in the mean: Bernstein's bound on a sum of
/// bursts with lengths that spread as the chain's do, geometrically. The first state, whichever it
/// is, may have moved the sum by as many packets as the chain remembers.
double chance_of_so_far(std::uint64_t hits, std::uint64_t trials, const GilbertElliott& chain) {
  const auto n = static_cast<double>(trials);
  const double share = chain.average().value;
  const double both = chain.to_bad.value + chain.to_good.value;
  const double memory = std::max(0.0, 1 - both);
  const double bad = both > 0 ? chain.to_bad.value / both : 0;
  const double apart = chain.loss_bad.value - chain.loss_good.value;
  const double remembered = 1 / std::max(1 - memory, 1 / n);
  const double variance =
      n * (share * (1 - share) + 2 * apart * apart * bad * (1 - bad) * memory * remembered);
  const double off =
      std::max(0.0, std::abs(static_cast<double>(hits) - n * share) - remembered - 1);
  return std::exp(-off * off / (2 * (std::max(variance, 1.0) + 2 * remembered * off)));
}

/// The sum of how likely `hits`, and ever further ones away from the mean, are.
double tail(std::uint64_t hits, std::uint64_t trials, double share, bool is_lower) {
  const auto n = static_cast<double>(trials);
  const double odds = share / (1 - share);
  double term = chance_of(hits, trials, share);
  double sum = term;
  for (auto k = static_cast<double>(hits); term > sum * kNegligible;) {
    if (is_lower ? k == 0 : k == n) break;
    term *= is_lower ? k / ((n - k + 1) * odds) : (n - k) / (k + 1) * odds;
    k += is_lower ? -1 : 1;
    sum += term;
  }
  return std::min(sum, 1.0);
}

}  // namespace

double chance_of_at_most(std::uint64_t hits, std::uint64_t trials, double share) {
  if (hits >= trials || share <= 0) return 1;
  if (share >= 1) return 0;
  // From the side on which the terms fall from the first on.
  if (static_cast<double>(hits) < share * static_cast<double>(trials)) {
    return tail(hits, trials, share, true);
  }
  return 1 - tail(hits + 1, trials, share, false);
}

double chance_of_at_least(std::uint64_t hits, std::uint64_t trials, double share) {
  if (hits == 0) return 1;
  if (hits > trials || share <= 0) return 0;
  if (share >= 1) return 1;
  if (static_cast<double>(hits) > share * static_cast<double>(trials)) {
    return tail(hits, trials, share, false);
  }
  return 1 - tail(hits - 1, trials, share, true);
}

double chance_of_at_most(std::uint64_t hits, std::uint64_t trials, const GilbertElliott& chain) {
  if (hits >= trials) return 1;
  double most = chance_of_at_most(hits, trials, chain.average().value);
  if (trials > kFollowed) {
    const bool is_less =
        static_cast<double>(hits) < chain.average().value * static_cast<double>(trials);
    return std::max(most, is_less ? chance_of_so_far(hits, trials, chain) : 1);
  }
  for (const bool begins_bad : {false, true}) {
    for (const int steps : {1, 2}) {
      const auto losses = losses_of(chain, trials, begins_bad, steps);
      double sum = 0;
      for (std::uint64_t lost = 0; lost <= hits; ++lost) sum += losses[lost];
      most = std::max(most, sum);
    }
  }
  return std::min(most, 1.0);
}

double chance_of_at_least(std::uint64_t hits, std::uint64_t trials, const GilbertElliott& chain) {
  // What passes is lost by the chain in which passing and losing have changed places.
  GilbertElliott passing = chain;
  passing.loss_bad = Share{1 - chain.loss_bad.value};
  passing.loss_good = Share{1 - chain.loss_good.value};
  if (hits > trials) return 0;
  return chance_of_at_most(trials - hits, trials, passing);
}

}  // namespace squall::faults
