#pragma once

#include <chrono>
#include <string_view>

namespace squall {

/// log_warning() of what may happen anew: where warnings are kept it is kept and said again once it
/// has not come for two seconds.
void log_warning_again(std::string_view line) noexcept;

/// Tells the time. It does not throw.
using WarningClock = std::chrono::steady_clock::time_point (*)();

/// By what the two seconds are told from now on; at first it is the steady clock. For tests, which
/// push theirs.
void set_warning_clock(WarningClock clock) noexcept;

}  // namespace squall
