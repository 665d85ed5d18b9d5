#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "harness/base/units.h"

namespace squall::control {

/// Tells the operator of connections that were refused: of the first at once, of those after it
/// together, every ten seconds at most. Whoever knocks ten thousand times is told of in a line or
/// two.
///
/// Lifecycle:  lives as long as somebody may knock.
/// Threads:    any.
/// Errors:     none.
class Refusals {
 public:
  static constexpr Duration kBetween = std::chrono::seconds(10);

  /// One more was refused, for this reason. The answer is what to say of it now; empty: nothing.
  std::string take(std::string_view why, Instant now);
  /// take(), and says it.
  void note(std::string_view why);
  /// What was not said yet; empty: nothing.
  std::string rest();

 private:
  std::mutex mutex_;
  std::uint64_t unsaid_ = 0;
  std::string last_;  // Of those unsaid, why the last was refused.
  Instant said_{};
  bool has_said_ = false;
};

}  // namespace squall::control
