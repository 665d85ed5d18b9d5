#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/units.h"

namespace squall::agent {

/// What an agent that asks to be taken says of why it is not: each reason once, and while it stays
/// the same a line a minute at most.
///
/// Lifecycle:  a value; lives while it asks.
/// Threads:    one owner at a time. Errors: none.
class Complaints {
 public:
  static constexpr Duration kBetween = std::chrono::minutes(1);

  /// What is to be said now; empty: nothing.
  std::string take(std::string_view why, Instant now);
  /// What comes next is new, also where it is the same.
  void forget() { why_.clear(); }

 private:
  std::string why_;
  Instant said_{};
  std::uint64_t unsaid_ = 0;
};

}  // namespace squall::agent
