#include "faults/pressure/pressure_report.h"

namespace squall::faults {
namespace {

constexpr std::string_view kStates = "wpsf";  // In the order of State.

}  // namespace

std::string to_message(const PressureReport& report) {
  std::string message(1, kStates.at(static_cast<std::size_t>(report.state)));
  message += report.seen + '\n' + report.why_not;
  if (message.size() > kLongestReport) message.resize(kLongestReport);
  return message;
}

std::optional<PressureReport> read_report(std::string_view message) {
  if (message.empty()) return std::nullopt;
  const std::size_t state = kStates.find(message.front());
  if (state == std::string_view::npos) return std::nullopt;
  message.remove_prefix(1);
  const std::size_t end = message.find('\n');
  PressureReport report{.state = static_cast<PressureReport::State>(state),
                        .seen = std::string(message.substr(0, end)),
                        .why_not = {}};
  if (end != std::string_view::npos) report.why_not = message.substr(end + 1);
  return report;
}

}  // namespace squall::faults
