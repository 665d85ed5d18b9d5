#pragma once

#include <string_view>

namespace squall::reports {

/// How the warning begins that is told when no connection could be had; HOST:PORT, ": " and the
/// reason follow.
inline constexpr std::string_view kNoConnectionTo = "no connection to ";

}  // namespace squall::reports
