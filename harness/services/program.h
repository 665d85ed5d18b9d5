#pragma once

#include <filesystem>
#include <string>

#include "harness/base/result.h"

namespace squall::services {

/// The file that `program` means: with a slash a path, relative to `directory`; without, the first
/// of that name in the colon-separated `search_path`. Fails with words that say what to do.
Result<std::filesystem::path> find_program(const std::string& program,
                                           const std::filesystem::path& directory,
                                           const std::string& search_path);

/// The wait status of waitpid(2) in words: "exited with status 1", "was ended by SIGKILL".
std::string describe_exit(int wait_status);

/// The end of what was written to `log` after `from`: its last lines, joined by " | ", made
/// printable; empty when there was nothing.
std::string last_words(const std::filesystem::path& log, std::uintmax_t from);

}  // namespace squall::services
