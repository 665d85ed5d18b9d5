#pragma once

#include <filesystem>
#include <string_view>

#include "harness/base/result.h"

namespace squall {

/// Writes a file, in the place of one that is there: beside it and renamed, so that a reader never
/// meets half of it. When that fails what was there stays, and nothing is left beside it. Errors:
/// "write FILE".
Result<void> write_file(const std::filesystem::path& file, std::string_view text);

}  // namespace squall
