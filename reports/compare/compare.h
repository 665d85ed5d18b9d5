#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/compare/compared_run.h"
#include "reports/compare/comparison.h"

namespace squall::reports {

/// How two runs are compared.
struct CompareOptions {
  /// A relative difference up to here counts for nothing. Two runs of the same thing differ by some
  /// percent that no statistics within a run can see (which core, which memory, which neighbour);
  /// 6 % lies between that and the 10 % that are to be found, nearer to the latter, because false
  /// alarms cost more.
  double tolerance = 0.06;
  /// That all intervals together hold what they promise.
  double confidence = 0.95;
  /// Judges although scenario or machine differ; that they do becomes a remark.
  bool anyway = false;
};

/// Compares run B with run A. Pure: the same runs always give the same comparison.
///
/// A figure is worse or better when its interval leaves out "no difference" *and* the difference
/// itself is above the tolerance; it is the same when the interval lies within twice the tolerance.
/// Intervals are made so that all of them hold together with the confidence asked for (Bonferroni):
/// the more figures, the wider each. The runs are worse when any figure is; else not comparable
/// when they are not alike in what must be alike, or a decisive figure is unclear; else better when
/// any figure is. Of a load whose capacity was searched its capacity is compared, row by row, and
/// nothing else: what it was offered is what the search chose.
Comparison compare(const ComparedRun& a, const ComparedRun& b, const CompareOptions& options);

/// Compares run B with several runs of the same thing, figure by figure with the one of them from
/// which it differs as the median does (of an even number, the one that is kinder to B).
///
/// Between runs of the same thing lies what nothing within a run can see. The median of three takes
/// most of what was luck in a single baseline out of the answer: one fast baseline raises no alarm,
/// and one slow one hides nothing. Weighed: all their seconds as one long run, which a single slow
/// baseline makes noisy, and whose interval knows nothing of the differences between runs.
/// At least one baseline; each must be comparable.
Comparison compare(const std::vector<ComparedRun>& baselines, const ComparedRun& b,
                   const CompareOptions& options);

/// Compares two loads of the same run, which were on offer in the same seconds.
Comparison compare_loads(const ComparedLoad& control, const ComparedLoad& canary,
                         const CompareOptions& options);

/// A figure's value ("12.3 ms", "0.120 %", "998/s"), and a change of it ("+10.2 %"; "any" where
/// nothing bounds it).
std::string value_in_words(const Difference& difference, const std::optional<double>& value);
std::string change_in_words(const Difference& difference, const std::optional<double>& change);
/// "browse: p99 rose by 10.2 % (+7.9 % to +12.6 %), from 20.1 ms to 22.2 ms".
std::string in_words(const Difference& difference);

}  // namespace squall::reports
