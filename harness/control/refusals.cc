#include "harness/control/refusals.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "harness/base/log.h"

namespace squall::control {

std::string Refusals::take(std::string_view why, Instant now) {
  const std::lock_guard lock(mutex_);
  if (has_said_ && now - said_ < kBetween) {
    ++unsaid_;
    last_ = why;
    return {};
  }
  has_said_ = true;
  said_ = now;
  const std::uint64_t before = std::exchange(unsaid_, 0);
  return before == 0
             ? fmt::format("a connection was refused: {}", why)
             : fmt::format("{} more connections were refused, the last: {}", before + 1, why);
}

void Refusals::note(std::string_view why) {
  const std::string line = take(why, std::chrono::steady_clock::now());
  if (!line.empty()) log_warning(line);
}

std::string Refusals::rest() {
  const std::lock_guard lock(mutex_);
  if (unsaid_ == 0) return {};
  return fmt::format("{} more connections were refused, the last: {}", std::exchange(unsaid_, 0),
                     last_);
}

}  // namespace squall::control
