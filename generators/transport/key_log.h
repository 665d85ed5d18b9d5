#pragma once

#include <string_view>

#include "harness/base/result.h"

namespace squall::generators {

/// True when the environment names, by SSLKEYLOGFILE, a file that is to have the secrets of TLS. An
/// empty name is none, as browsers have it.
bool is_key_log_wanted();

/// Appends a line, without its end, to that file: whole, so that the threads' lines do not mix. Any
/// thread. A line that cannot be written is lost; the first of them is told in a warning.
void write_key_log(std::string_view line) noexcept;

/// Sees that the file can be written to, where there is to be one. What is lost later is told anew.
Result<void> check_key_log();
/// The same as far as it can be seen without making the file.
Result<void> foresee_key_log();

}  // namespace squall::generators
