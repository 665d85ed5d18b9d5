#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::reports {

/// The answer of a comparison, as one asks for the second of two runs.
enum class ComparisonVerdict { kSame, kBetter, kWorse, kNotComparable };

/// "same", "better", "worse", "not comparable".
std::string_view to_string(ComparisonVerdict verdict);
/// 0 same or better, 1 worse, 4 not comparable: the codes of a run that passed, failed, and cannot
/// be trusted.
int exit_code(ComparisonVerdict verdict);

/// One figure of two runs, and how far apart they are.
struct Difference {
  /// A time in milliseconds, a share from 0 to 1, or a rate per second.
  enum class Unit { kTime, kShare, kRate };
  /// kUnclear: the interval reaches beyond what counts as the same, but does not settle it.
  /// kTooFew: too few samples, or too few seconds, for an interval.
  enum class Answer { kSame, kBetter, kWorse, kUnclear, kTooFew };

  std::string load;
  std::string phase;   ///< Empty: the whole load.
  std::string figure;  ///< "p99", "not ok", "completed", "objective fast".
  Unit unit = Unit::kTime;
  std::optional<double> a, b;  ///< None: nothing was measured.
  /// Of times and rates b ÷ a − 1, of shares b − a; and its interval, in which an end that nothing
  /// bounds is none.
  std::optional<double> change, low, high;
  double limit = 0;  ///< A change up to here counts for nothing, in the unit of `change`.
  Answer answer = Answer::kTooFew;
  bool is_decisive = false;  ///< While it is unclear, nobody can call the runs the same.
  std::int64_t seconds = 0;  ///< Of the run that had fewer of them.
  std::string note;          ///< "met in A and missed in B"; empty: nothing.
};

/// "same", "better", "worse", "unclear", "too few".
std::string_view to_string(Difference::Answer answer);

/// What became of a comparison: of B with A.
struct Comparison {
  std::string a, b;  ///< Ids of runs, or names of targets.
  ComparisonVerdict verdict = ComparisonVerdict::kSame;
  double tolerance = 0;              ///< A relative difference up to here counts for nothing.
  double confidence = 0;             ///< Of all intervals together.
  std::vector<std::string> reasons;  ///< Plain sentences, why; never empty.
  std::vector<std::string> remarks;  ///< What else one should know.
  std::vector<Difference> differences;
};

}  // namespace squall::reports
