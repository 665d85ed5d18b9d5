#include "harness/agent/complaints.h"

#include <utility>

#include <fmt/format.h>

namespace squall::agent {

std::string Complaints::take(std::string_view why, Instant now) {
  if (why_ == why && now - said_ < kBetween) {
    ++unsaid_;
    return {};
  }
  const bool is_new = std::exchange(why_, std::string(why)) != why;
  const std::uint64_t before = std::exchange(unsaid_, 0);
  said_ = now;
  return is_new ? std::string(why)
                : fmt::format("{} (still so; it was asked {} times more)", why, before + 1);
}

}  // namespace squall::agent
