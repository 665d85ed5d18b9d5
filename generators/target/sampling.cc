#include "generators/target/sampling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace squall::generators {

std::uint64_t RandomStream::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

double RandomStream::uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }

double RandomStream::normal() {
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));  // 1 − u: never the log of 0.
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

Duration sample(const ServiceTime& service, RandomStream& random) {
  const double length = to_seconds(service.length);
  double seconds = 0;
  switch (service.distribution) {
    case ServiceTime::Distribution::kNone:
      return {};
    case ServiceTime::Distribution::kConstant:
      return service.length;
    case ServiceTime::Distribution::kExponential:
      seconds = -length * std::log(1 - random.uniform());
      break;
    case ServiceTime::Distribution::kLognormal:
      seconds = length * std::exp(service.sigma * random.normal());
      break;
  }
  return from_seconds(std::min(seconds, 3600.0));
}

}  // namespace squall::generators
