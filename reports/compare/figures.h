#pragma once

#include <functional>
#include <string>
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
  Difference about;  ///< Which figure, and its two values.
  double least = 0;  ///< A change below this counts for nothing, in the figure's own unit.
  double slack = 1;  ///< So many times the tolerance counts for nothing.
  /// Of shares, what counts for nothing by the tolerance is no more than this.
  double most = 1;
  bool more_is_worse = true;
  bool is_turned = false;  ///< Met in one and missed in the other: whatever is clear counts.
  /// The interval of the difference, of times and rates of their logarithms, with chance `tail`
  /// beyond each end. Empty: too few samples or seconds.
  std::function<Interval(double tail)> between;
};

/// What there is to compare of a load, or of an objective.
struct Figures {
  std::vector<FigurePair> pairs;
  std::vector<std::string> unlike;   ///< What only one of the runs has, in sentences.
  std::vector<std::string> remarks;  ///< What is too small to matter, and was not judged.
};

/// The figures of a load that both runs have: percentiles of `response`, what was not ok, what was
/// completed, of the whole load and of each phase of that name in both.
///
/// These decide whether runs are the same at all: what was not ok in the whole; and of each phase
/// with 5 % of the requests of either run what was not ok, and p99, or p50 where it lasts less than
/// 10 s. A load of one phase is a phase.
Figures figures_of(const ComparedLoad& a, const ComparedLoad& b);

/// The share of an objective's samples that were bad; decisive where it was met in one run and
/// missed in the other. The loads are those of the objective, for their phases.
FigurePair figure_of(const ComparedObjective& a, const ComparedObjective& b,
                     const ComparedLoad* load_a, const ComparedLoad* load_b);

}  // namespace squall::reports
