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
  return fmt::format("worst {} of {}: {} not ok, p99 {}", as_chosen(depth.length), depth.load,
                     percent_up(depth.error_share), in_three_digits(depth.p99));
}

std::string not_ok_in_words(const FaultImpact& impact) {
  std::string words = counted(impact.not_ok, "request") + " not ok";
  if (impact.not_ok == 0) return words;
  if (!impact.not_ok_more) return words + " in that time, whatever the cause";
  if (*impact.not_ok_more == impact.not_ok) return words;
  return words + (*impact.not_ok_more == 0
                      ? ", no more than before the faults"
                      : fmt::format(", {} more than at the rate before the faults",
                                    thousands(*impact.not_ok_more)));
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
  parts.push_back(not_ok_in_words(impact));
  if (!impact.overlaps.empty()) {
    parts.push_back(fmt::format("{} overlapped with {}: what is whose cannot be told", fault.label,
                                fmt::join(impact.overlaps, ", ")));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace squall::reports
