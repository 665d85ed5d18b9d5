#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/units.h"

namespace squall::reports {

/// An objective as the search sees it: so great a share of its requests may be bad.
struct CapacityGoal {
  std::string objective;
  double allowed = 0;
};

/// What is searched, and how sure it must be.
struct CapacityOptions {
  Rate start;  ///< The first rate that is tried; within the next two.
  Rate low;    ///< The answer is sought between these.
  Rate high;
  double precision = 0.05;          ///< The ends of the answer may differ by this share.
  double confidence = 0.95;         ///< Of each end.
  std::int64_t hold = 30;           ///< Seconds for which the answer is verified.
  std::vector<CapacityGoal> goals;  ///< At least one.
};

/// How long a search takes at most, in rough figures made before it: all probes that narrowing the
/// whole range may need, each with the seconds that its samples need.
struct CapacityEstimate {
  std::int64_t probes = 0;
  std::int64_t seconds = 0;
};
CapacityEstimate estimate(const CapacityOptions& options);

}  // namespace squall::reports
