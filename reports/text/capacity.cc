#include "reports/text/capacity.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "reports/judge/words.h"
#include "reports/text/layout.h"

namespace squall::reports {
namespace {

double worst_share(const CapacityProbe& probe) {
  double worst = 0;
  for (const CapacityTally& goal : probe.goals) worst = std::max(worst, goal.share());
  return worst;
}

}  // namespace

std::string capacity_table(const CapacityRecord& capacity, const SummaryStyle& style) {
  std::vector<CapacityProbe> probes = capacity.probes;
  std::stable_sort(probes.begin(), probes.end(),
                   [](const auto& a, const auto& b) { return a.rate < b.rate; });
  std::vector<std::vector<std::string>> rows{
      {"offered", "answer", "goodput", "bad", "p50", "p99", "at", "for"}};
  for (const CapacityProbe& probe : probes) {
    std::string answer(to_string(probe.answer));
    if (probe.kind == CapacityProbe::Kind::kVerify) answer += ", verified";
    if (probe.kind == CapacityProbe::Kind::kVerify && probe.answer != CapacityProbe::Answer::kGood)
      answer = std::string(to_string(probe.answer)) + " (verifying)";
    rows.push_back({rate_in_words(probe.rate), answer, rate_in_words(probe.goodput),
                    percent(worst_share(probe)), in_three_digits(probe.p50, style.unicode),
                    in_three_digits(probe.p99, style.unicode), fmt::format("{} s", probe.from),
                    fmt::format("{} s", probe.to - probe.from)});
  }
  std::string out = "\n" + painted("capacity", Paint::kBold, style);
  if (capacity.knee) out += fmt::format("  knee near {}", rate_in_words(*capacity.knee));
  return out + "\n" + table(rows, 2, style);
}

}  // namespace squall::reports
