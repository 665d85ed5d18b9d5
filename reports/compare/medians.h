#pragma once

#include <vector>

#include "reports/compare/comparison.h"

namespace squall::reports {

/// Each figure of several comparisons once: with the difference that is the median of all.
std::vector<Difference> medians_of(const std::vector<Comparison>& comparisons);

}  // namespace squall::reports
