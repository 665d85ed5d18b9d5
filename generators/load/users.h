#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "generators/schedule/random.h"
#include "generators/spec/load_spec.h"
#include "harness/base/units.h"

namespace squall::generators {

/// The users of a closed load who are thinking, in the order in which they will have done so.
///
/// Lifecycle:  a user is in it from think() until pop(); between, it waits for its answer.
/// Threads:    one owner at a time.
/// Errors:     pop() and next() of nobody are programming errors.
class ThinkingUsers {
 public:
  ThinkingUsers(const ThinkSpec& think, std::uint64_t seed) : think_(think), random_(seed) {}

  void think(std::uint32_t user, Instant now) { wake(user, now + draw()); }
  /// Lets `user` be done at a given moment.
  void wake(std::uint32_t user, Instant at) {
    heap_.push_back({at, user});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  bool empty() const { return heap_.empty(); }
  /// When the first of them is done.
  Instant next() const { return heap_.front().at; }
  std::uint32_t pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const std::uint32_t user = heap_.back().user;
    heap_.pop_back();
    return user;
  }
  void clear() { heap_.clear(); }

 private:
  struct Thinking {
    Instant at;
    std::uint32_t user;
  };

  static bool later(const Thinking& a, const Thinking& b) {
    return a.at != b.at ? a.at > b.at : a.user > b.user;
  }

  Duration draw() {
    switch (think_.distribution) {
      case ThinkSpec::Distribution::kConstant:
        return think_.mean;
      case ThinkSpec::Distribution::kExponential:
        return from_seconds(to_seconds(think_.mean) * random_.exponential());
      case ThinkSpec::Distribution::kUniform:
        return from_seconds(to_seconds(think_.mean) * 2 * random_.unit());
      case ThinkSpec::Distribution::kNormal:
        return from_seconds(to_seconds(think_.mean) * std::max(0.0, 1 + random_.normal() / 4));
      case ThinkSpec::Distribution::kLognormal:
        return from_seconds(to_seconds(think_.mean) * std::exp(kSigma * random_.normal()));
      case ThinkSpec::Distribution::kPareto:
        return from_seconds(to_seconds(think_.mean) * (1 - 1 / kShape) *
                            std::exp(random_.exponential() / kShape));
    }
    return think_.mean;
  }

  static constexpr double kSigma = 0.667898;  // ln 3 ÷ the normal's 95th percentile, 1.644854.
  static constexpr double kShape = 1.5;

  ThinkSpec think_;
  Random random_;
  std::vector<Thinking> heap_;
};

}  // namespace squall::generators
