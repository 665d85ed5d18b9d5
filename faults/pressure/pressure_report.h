#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace squall::faults {

/// What a process that presses says of itself over its line, one message each.
struct PressureReport {
  enum class State {
    kWorking,  ///< Not there yet.
    kPresses,  ///< What was asked for is so.
    kShort,    ///< It presses, with less than was asked for.
    kFailed,   ///< It does not press, and ends.
  };
  State state = State::kWorking;
  std::string seen = {};     ///< Measured: "holds 512 MiB (513 MiB resident)".
  std::string why_not = {};  ///< When short or failed.

  bool operator==(const PressureReport&) const = default;
};

/// The longest message, in bytes.
inline constexpr std::size_t kLongestReport = 4096;

/// A report as a message, cut where it is too long.
std::string to_message(const PressureReport& report);

/// Back; none when it is no report.
std::optional<PressureReport> read_report(std::string_view message);

}  // namespace squall::faults
