#pragma once

#include "reports/compare/compare.h"

namespace squall::reports {

/// An interval within so many times the limit shows that two figures are the same.
constexpr double kSameWithin = 2;

/// How far two capacities are apart. The ends of both answers hold with the confidence of their
/// searches: so does the interval of their quotient, from the worst that B may be over the best of
/// A to the reverse.
Difference capacity_difference(const ComparedCapacity& a, const ComparedCapacity& b,
                               const CompareOptions& options);

}  // namespace squall::reports
