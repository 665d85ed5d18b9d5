#pragma once

#include <filesystem>
#include <string>

#include "harness/base/result.h"
#include "harness/trust/authority.h"

namespace squall::trust {

/// Writes `stem`.pem, which all may read, and `stem`.key, which only its owner may. What is there
/// already is never written over: either both files are new, or none is.
Result<void> write_new(const std::filesystem::path& stem, const Pem& pem);

/// Reads both again.
Result<Pem> read_files(const std::filesystem::path& stem);

}  // namespace squall::trust
