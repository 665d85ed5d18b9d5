#include "reports/capacity/matrix_row.h"

#include <algorithm>

namespace squall::reports {
namespace {

std::optional<double> ratio(const std::optional<Rate>& part, const std::optional<Rate>& whole) {
  if (!part || !whole || whole->per_second <= 0) return std::nullopt;
  return part->per_second / whole->per_second;
}

}  // namespace

CapacityShare share_of(const CapacityRecord& part, const CapacityRecord& whole) {
  using End = CapacityRecord::End;
  CapacityShare share;
  if (part.end == End::kFound && whole.end == End::kFound) {
    share.value = ratio(part.good, whole.good);
  }
  share.low = ratio(part.good, whole.bad);
  share.high = ratio(part.bad, whole.good);
  return share;
}

std::optional<double> calm_mean(const CapacityRecord& capacity) {
  std::optional<double> calm;
  for (const CapacityProbe& probe : capacity.probes) {
    if (probe.answer != CapacityProbe::Answer::kGood) continue;
    calm = std::min(calm.value_or(to_seconds(probe.mean)), to_seconds(probe.mean));
  }
  return calm;
}

}  // namespace squall::reports
