#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::faults {

/// The number of "KILL" or "SIGKILL" on this machine (signal(7)); none when there is no such name.
std::optional<int> signal_number(std::string_view name);

/// "KILL" for 9; the number as text when it has no name.
std::string signal_name(int number);

/// For people: "SIGKILL", or "signal 40" where there is no name.
std::string describe_signal(int number);

/// All names, without "SIG".
std::vector<std::string> signal_names();

}  // namespace squall::faults
