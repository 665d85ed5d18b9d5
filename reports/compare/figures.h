#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "reports/compare/compared_run.h"
#include "reports/compare/comparison.h"
#include "reports/compare/interval.h"

namespace squall::reports {

/// One figure of two runs, before it is known among how many others it is judged.
///
/// Lifecycle:  a value; what it was made from may go.
/// Threads:    one owner at a time.
/// Errors:     none.
struct FigurePair {
  Difference about;         ///< Which figure, and its two values.
  std::size_t batches = 0;  ///< Of each run; 0: too few samples or seconds for an interval.
  double least = 0;         ///< A change below this counts for nothing, in the figure's own unit.
  bool more_is_worse = true;
  /// What the figure is worth in each run, for a deviation of `t` standard errors.
  std::function<Estimate(double t)> of_a, of_b;
};

/// The figures of a load that both runs have: percentiles of `response`, what was not ok, what was
/// completed, of the whole load and of each phase of that name in both.
///
/// The figures which decide whether runs are the same at all are p99 and what was not ok: of the
/// phases where there are any that last long enough, else of the whole.
std::vector<FigurePair> figures_of(const ComparedLoad& a, const ComparedLoad& b);

/// The share of an objective's samples that were bad.
FigurePair figure_of(const ComparedObjective& a, const ComparedObjective& b);

}  // namespace squall::reports
