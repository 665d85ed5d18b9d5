#pragma once

#include <string_view>

namespace squall {

/// The version of this program, "0.1.0". Coordinator and agent must have the same.
std::string_view version();

}  // namespace squall
