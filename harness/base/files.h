#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>

#include "harness/base/result.h"

namespace squall {

/// The first `at_most` bytes of a file; whoever needs to know whether there are more asks for one
/// more. Errors: what open(2) and read(2) say of it, a folder included, as "read FILE".
Result<std::string> read_file(const std::filesystem::path& file,
                              std::size_t at_most = std::numeric_limits<std::size_t>::max());

}  // namespace squall
