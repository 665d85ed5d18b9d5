#pragma once

#include <string>

#include "harness/base/result.h"

namespace squall::faults {

/// A whole file of the kernel's, whose size cannot be asked for beforehand. Any thread.
Result<std::string> read_proc_file(const std::string& path);

}  // namespace squall::faults
