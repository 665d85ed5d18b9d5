#include "reports/compare/comparison.h"

namespace squall::reports {

std::string_view to_string(ComparisonVerdict verdict) {
  switch (verdict) {
    case ComparisonVerdict::kSame:
      return "same";
    case ComparisonVerdict::kBetter:
      return "better";
    case ComparisonVerdict::kWorse:
      return "worse";
    case ComparisonVerdict::kNotComparable:
      return "not comparable";
  }
  return "not comparable";
}

int exit_code(ComparisonVerdict verdict) {
  switch (verdict) {
    case ComparisonVerdict::kSame:
    case ComparisonVerdict::kBetter:
      return 0;
    case ComparisonVerdict::kWorse:
      return 1;
    case ComparisonVerdict::kNotComparable:
      return 4;
  }
  return 4;
}

std::string_view to_string(Difference::Answer answer) {
  switch (answer) {
    case Difference::Answer::kSame:
      return "same";
    case Difference::Answer::kBetter:
      return "better";
    case Difference::Answer::kWorse:
      return "worse";
    case Difference::Answer::kUnclear:
      return "unclear";
    case Difference::Answer::kTooFew:
      return "too few";
  }
  return "too few";
}

}  // namespace squall::reports
