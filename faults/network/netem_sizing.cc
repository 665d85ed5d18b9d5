#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <vector>

#include "faults/network/network_plan.h"

namespace squall::faults {
namespace {

constexpr double kBytesPerPacket = 256;  // Small ones: many of them make the same rate.
constexpr double kUnknownRate = 1e9;     // Bits/s of what is sent where no rate is asked for.
constexpr double kToSpare = 1.25;
constexpr double kQueueSeconds = 0.1;  // What may wait for a rate.
constexpr double kFewest = 1000;
constexpr double kMost = 4e6;
constexpr double kWidestJitters = 4;  // The tables end there.
constexpr std::size_t kTableSize = 4096;
constexpr double kScale = 8192;  // NETEM_DIST_SCALE of linux/pkt_sched.h.

/// The number of standard deviations below which a share of a normal distribution lies.
double normal_quantile(double share) {
  double low = -10;
  double high = 10;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    const double below = std::erfc(-middle / std::numbers::sqrt2) / 2;
    (below < share ? low : high) = middle;
  }
  return low;
}

/// The same of a Pareto distribution of shape 3, from its mean.
double pareto_quantile(double share) {
  const double mean = 1.5;
  const double deviation = std::sqrt(0.75);
  return (std::pow(1 - share, -1.0 / 3) - mean) / deviation;
}

}  // namespace

std::uint32_t netem_limit(Duration delay, Duration jitter, std::optional<double> bits_per_second) {
  const double per_second = bits_per_second.value_or(kUnknownRate) / 8 / kBytesPerPacket;
  const double held = to_seconds(delay) + kWidestJitters * to_seconds(jitter) +
                      (bits_per_second ? kQueueSeconds : 0);
  return static_cast<std::uint32_t>(
      std::clamp(std::ceil(kToSpare * per_second * held), kFewest, kMost));
}

std::string distribution_table(Impairment::Distribution distribution) {
  using Distribution = Impairment::Distribution;
  if (distribution == Distribution::kUniform) return {};
  std::vector<double> values;
  double sum = 0;
  for (std::size_t step = 0; step < kTableSize; ++step) {
    const double share = (static_cast<double>(step) + 0.5) / kTableSize;
    const double value =
        distribution == Distribution::kNormal ? normal_quantile(share) : pareto_quantile(share);
    values.push_back(std::clamp(value, -kWidestJitters, kWidestJitters - 1 / kScale));
    sum += values.back();
  }
  std::string table(kTableSize * sizeof(std::int16_t), '\0');
  for (std::size_t step = 0; step < kTableSize; ++step) {
    // What the clamp took from the mean is given back.
    const double value = (values[step] - sum / kTableSize) * kScale;
    const auto entry = static_cast<std::int16_t>(std::clamp(std::lround(value), -32768L, 32767L));
    std::memcpy(&table[step * sizeof entry], &entry, sizeof entry);
  }
  return table;
}

}  // namespace squall::faults
