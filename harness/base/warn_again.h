#pragma once

#include <string_view>

namespace squall {

/// log_warning() of what may happen anew: where warnings are kept it is kept and said again once it
/// has not come for two seconds.
void log_warning_again(std::string_view line) noexcept;

}  // namespace squall
