#include "reports/text/capacity.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "reports/judge/matrix_words.h"
#include "reports/judge/words.h"
#include "reports/text/layout.h"

namespace squall::reports {
namespace {

double worst_share(const CapacityProbe& probe) {
  double worst = 0;
  for (const CapacityTally& goal : probe.goals) worst = std::max(worst, goal.share());
  return worst;
}

/// "4,100/s", "4,300/s"; a dash for none.
std::string rate_or_dash(const std::optional<Rate>& rate) {
  return rate ? rate_in_words(*rate) : "-";
}

/// A dash where nothing had ended.
std::string latency_or_dash(Duration latency, const SummaryStyle& style) {
  return latency > Duration::zero() ? in_three_digits(latency, style.unicode) : "-";
}

std::string answer_of(const MatrixRow& row) {
  using End = CapacityRecord::End;
  switch (row.capacity.end) {
    case End::kFound:
      return "verified";
    case End::kAllHold:
      return "all hold";
    case End::kNoneHolds:
      return "none holds";
    case End::kGenerator:
      return "generator";
    case End::kCut:
      break;
  }
  return row.from ? "cut short" : "not begun";
}

std::string faults_of(const MatrixRowResult& row) {
  std::string unseen;
  for (const auto& fault : row.faults) {
    if (!fault.is_verified) unseen += (unseen.empty() ? "" : ", ") + fault.label;
  }
  if (row.faults.empty()) return "-";
  return unseen.empty() ? "verified" : "not verified: " + unseen;
}

}  // namespace

std::string matrix_table(const RunResult& result, const SummaryStyle& style) {
  std::vector<std::vector<std::string>> rows{
      {"row", "answer", "good", "bad", "share", "probes", "took", "faults"}};
  for (const MatrixRowResult& row : result.matrix) {
    const CapacityRecord& capacity = row.row.capacity;
    const bool is_whole = capacity.faults.empty();
    const bool is_known = row.share.value || row.share.low || row.share.high;
    rows.push_back(
        {row.row.name, answer_of(row.row), rate_or_dash(capacity.good), rate_or_dash(capacity.bad),
         is_whole || !is_known ? "-" : share_in_words(row.share),
         std::to_string(capacity.probes.size()),
         row.row.from ? fmt::format("{} s", row.row.to - *row.row.from) : "-", faults_of(row)});
  }
  return "\n" + painted("matrix", Paint::kBold, style) + "\n" + table(rows, 2, style);
}

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
                    percent(worst_share(probe)), latency_or_dash(probe.p50, style),
                    latency_or_dash(probe.p99, style), fmt::format("{} s", probe.from),
                    fmt::format("{} s", probe.to - probe.from)});
  }
  std::string out = "\n" + painted("capacity", Paint::kBold, style);
  if (capacity.knee) out += fmt::format("  knee near {}", rate_in_words(*capacity.knee));
  return out + "\n" + table(rows, 2, style);
}

}  // namespace squall::reports
