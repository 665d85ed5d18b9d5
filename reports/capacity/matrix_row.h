#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/capacity/capacity_record.h"

namespace squall::reports {

/// A row of the matrix: what became of the search while its faults were in force.
struct MatrixRow {
  std::string name;                 ///< "without faults", "one-gone + slow-link".
  std::vector<std::string> labels;  ///< Of its faults, as RunRecord::faults has them.
  CapacityRecord capacity;
  std::optional<std::int64_t> from;  ///< Seconds of the timeline; none: it was not begun.
  std::int64_t to = 0;
  std::optional<std::int64_t> recovery;  ///< Seconds until latency was back before it began.
  bool has_recovered = true;             ///< False: it began although latency was not back.
};

/// A capacity as a share of another, as far as two searches tell: 0.61, from 0.58 to 0.65.
struct CapacityShare {
  std::optional<double> value;      ///< Of the confirmed rates; where both searches found an end.
  std::optional<double> low, high;  ///< What it is at least and at most, with their confidence.
};

CapacityShare share_of(const CapacityRecord& part, const CapacityRecord& whole);

/// The mean latency in seconds of the calmest probe that was good, if there was one.
std::optional<double> calm_mean(const CapacityRecord& capacity);

}  // namespace squall::reports
