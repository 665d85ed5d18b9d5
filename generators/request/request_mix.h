#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace squall::generators {

/// Chooses the request of a mix that has a given number, by weight.
///
/// The choice is a function of seed and number alone: however a load is split over shards and
/// agents, the same requests go out.
///
/// Lifecycle:  a value, made once per load.
/// Threads:    immutable, any thread may read it.
/// Errors:     none; weights that are not positive and finite are never chosen, and when no weight
///             is, all are alike.
class RequestMix {
 public:
  RequestMix(const std::vector<double>& weights, std::uint64_t seed);

  /// The index, within the weights, of request `number`.
  std::size_t pick(std::uint64_t number) const;

 private:
  std::vector<double> cumulative_;
  std::uint64_t seed_;
};

}  // namespace squall::generators
