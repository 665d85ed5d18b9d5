#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace squall::faults {

/// The journals in `directory` and in the folders in it, sorted; none where it does not exist.
/// Folders that may not be read are passed over.
Result<std::vector<std::filesystem::path>> journals_below(const std::filesystem::path& directory);

/// All that is in an open file, from its beginning. Fails for more than 256 MiB.
Result<std::string> read_all(int file);

}  // namespace squall::faults
