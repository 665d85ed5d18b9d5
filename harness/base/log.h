#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace squall {

/// How much is said on stderr. Results go to stdout and are not logged.
enum class LogLevel { kQuiet, kNormal, kVerbose };

/// Sets what is said from now on, and whose words they are ("squall", "agent-1"). Call it once, at
/// the start of main; without it the level is normal and the name "squall".
void set_up_log(LogLevel level, std::string_view who);

/// Says something an operator must see. One line, no newline needed. Any thread.
void log_warning(std::string_view line) noexcept;
/// From now on warnings are also kept for take_warnings(), quiet or not, and each is said once:
/// what explains a result belongs in it. Each line once, and at most so many.
void keep_warnings(std::size_t most);
/// The warnings that came since the last call, in order. Any thread.
std::vector<std::string> take_warnings();
/// Says what went wrong for good. Also when quiet.
void log_error(std::string_view line) noexcept;
/// Says what is being done.
void log_info(std::string_view line) noexcept;
/// Says what helps to find a fault of ours; only when verbose.
void log_debug(std::string_view line) noexcept;

}  // namespace squall
