#include "reports/measure/outcome.h"

#include <algorithm>

namespace squall::reports {
namespace {

constexpr std::array<std::string_view, kErrorClasses> kErrorNames = {
    "none",  "resolve", "connect", "tls",      "timeout",
    "reset", "closed",  "goaway",  "protocol", "unexpected"};
constexpr std::array<std::string_view, kMetrics> kMetricNames = {
    "response", "service", "ttfb", "lateness", "resolve", "connect", "tls", "reconnect"};

}  // namespace

std::string_view to_string(ErrorClass error) {
  return kErrorNames.at(static_cast<std::size_t>(error));
}

ErrorClass error_class(std::string_view name) {
  const auto* const found = std::find(kErrorNames.begin(), kErrorNames.end(), name);
  return found == kErrorNames.end() ? ErrorClass::kNone
                                    : static_cast<ErrorClass>(found - kErrorNames.begin());
}

std::string_view to_string(Metric metric) {
  return kMetricNames.at(static_cast<std::size_t>(metric));
}

}  // namespace squall::reports
