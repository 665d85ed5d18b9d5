#include "reports/capacity/capacity_record.h"

#include <algorithm>

namespace squall::reports {
namespace {

// Past the knee a service that keeps nine tenths of its best goodput degrades gracefully; one that
// loses half of it collapses.
constexpr double kGraceful = 0.9;
constexpr double kCollapse = 0.5;
// Who looked no further past what holds cannot tell that it goes well there.
constexpr double kFar = 1.2;

}  // namespace

std::string_view to_string(CapacityProbe::Answer answer) {
  switch (answer) {
    case CapacityProbe::Answer::kGood:
      return "good";
    case CapacityProbe::Answer::kBad:
      return "bad";
    case CapacityProbe::Answer::kUndecided:
      return "undecided";
    case CapacityProbe::Answer::kGenerator:
      return "generator";
    case CapacityProbe::Answer::kCut:
      return "cut";
  }
  return "cut";
}

std::string_view to_string(CapacityProbe::Kind kind) {
  switch (kind) {
    case CapacityProbe::Kind::kSearch:
      return "search";
    case CapacityProbe::Kind::kVerify:
      return "verify";
    case CapacityProbe::Kind::kRecheck:
      return "recheck";
  }
  return "search";
}

std::string_view to_string(CapacityRecord::End end) {
  switch (end) {
    case CapacityRecord::End::kFound:
      return "found";
    case CapacityRecord::End::kAllHold:
      return "all-hold";
    case CapacityRecord::End::kNoneHolds:
      return "none-holds";
    case CapacityRecord::End::kGenerator:
      return "generator";
    case CapacityRecord::End::kCut:
      return "cut";
  }
  return "cut";
}

std::string_view to_string(CapacityRecord::Past past) {
  switch (past) {
    case CapacityRecord::Past::kUnknown:
      return "unknown";
    case CapacityRecord::Past::kGraceful:
      return "graceful";
    case CapacityRecord::Past::kDegrades:
      return "degrades";
    case CapacityRecord::Past::kCollapses:
      return "collapses";
  }
  return "unknown";
}

void describe_curve(CapacityRecord& record) {
  double best = 0;
  double most_power = 0;
  const CapacityProbe* furthest = nullptr;
  for (const CapacityProbe& probe : record.probes) {
    using Answer = CapacityProbe::Answer;
    if (probe.answer == Answer::kGenerator || probe.answer == Answer::kCut) continue;
    if (probe.measured >= probe.to) continue;
    best = std::max(best, probe.goodput.per_second);
    // Kleinrock's power: its maximum is the knee of the curve of latency over throughput.
    const double mean = to_seconds(probe.mean);
    const double power = mean > 0 ? probe.goodput.per_second / mean : 0;
    if (power > most_power) {
      most_power = power;
      record.knee = probe.rate;
    }
    const bool is_bad = probe.answer == CapacityProbe::Answer::kBad;
    if (is_bad && (furthest == nullptr || probe.rate > furthest->rate)) furthest = &probe;
  }
  if (furthest == nullptr || best <= 0) return;
  record.kept = std::min(1.0, furthest->goodput.per_second / best);
  const bool is_far = !record.good || furthest->rate.per_second >= kFar * record.good->per_second;
  record.past = *record.kept < kCollapse    ? CapacityRecord::Past::kCollapses
                : !is_far                   ? CapacityRecord::Past::kUnknown
                : *record.kept >= kGraceful ? CapacityRecord::Past::kGraceful
                                            : CapacityRecord::Past::kDegrades;
}

}  // namespace squall::reports
