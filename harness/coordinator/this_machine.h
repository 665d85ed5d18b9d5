#pragma once

#include <string_view>

#include "reports/measure/machine.h"

namespace squall::coordinator {

/// The machine that this process runs on, as far as it can be known; never fails.
reports::Machine this_machine();

/// The processor's name in the text of /proc/cpuinfo; empty where it is not told.
std::string cpu_name(std::string_view cpuinfo);

}  // namespace squall::coordinator
