#include "reports/judge/impact_words.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/format.h>

#include "reports/judge/words.h"

namespace squall::reports {
namespace {

/// A difference of moments, to a hundredth of a second.
std::string apart(Duration later, Duration sooner) {
  return window_in_words(std::max(later - sooner, Duration::zero()));
}

std::string recovery_in_words(const FaultImpact& impact, std::optional<Duration> end) {
  if (impact.recovered && end) {
    return *impact.recovered <= *end
               ? "recovered when it ended"
               : "recovered " + apart(*impact.recovered, *end) + " after its end";
  }
  return "not seen to recover: " + impact.note;
}

std::string depth_in_words(const Depth& depth) {
  return fmt::format("worst 10 s of {}: {} not ok, p99 {}", depth.load, percent(depth.error_share),
                     in_three_digits(depth.p99));
}

}  // namespace

std::string impact_sentence(const FaultImpact& impact, const FaultRecord& fault,
                            std::optional<Duration> end) {
  std::vector<std::string> parts;
  const bool is_harmless =
      !impact.departed && !impact.detected && impact.recovered && impact.note.empty();
  if (is_harmless) {
    parts.emplace_back("the steady state was never left");
  } else {
    parts.push_back(impact.detected
                        ? fmt::format("detected after {} ({})",
                                      apart(*impact.detected, impact.effective), impact.detected_by)
                        : std::string("not detected"));
    if (impact.recovered_under) {
      parts.push_back("steady again under it after " +
                      apart(*impact.recovered_under, impact.effective));
    }
    parts.push_back(recovery_in_words(impact, end));
  }
  if (impact.recovered && !impact.note.empty()) parts.push_back(impact.note);
  for (const Depth& depth : impact.depth) parts.push_back(depth_in_words(depth));
  parts.push_back(counted(impact.not_ok, "request") + " not ok");
  if (!impact.overlaps.empty()) {
    parts.push_back(fmt::format("{} overlapped with {}: what is whose cannot be told", fault.label,
                                fmt::join(impact.overlaps, ", ")));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace squall::reports
