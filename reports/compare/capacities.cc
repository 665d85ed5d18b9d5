#include "reports/compare/capacities.h"

#include <cmath>
#include <optional>

namespace squall::reports {
namespace {

using Answer = Difference::Answer;
using Unit = Difference::Unit;

}  // namespace

Difference capacity_difference(const ComparedCapacity& a, const ComparedCapacity& b,
                               const CompareOptions& options) {
  Difference made;
  made.load = a.load;
  made.phase = a.row;
  made.figure = "capacity";
  made.unit = Unit::kRate;
  made.a = a.good;
  made.b = b.good;
  made.limit = options.tolerance;
  made.is_decisive = true;
  const auto quotient = [](std::optional<double> over, std::optional<double> under) {
    return over && under && *under > 0 ? std::optional(*over / *under - 1) : std::nullopt;
  };
  made.change = quotient(b.good, a.good);
  made.low = quotient(b.good, a.bad);
  made.high = quotient(b.bad, a.good);
  if (!made.change) return made;
  const bool is_clear = (made.low && *made.low > 0) || (made.high && *made.high < 0);
  const double same = kSameWithin * made.limit;
  if (is_clear && std::abs(*made.change) > made.limit) {
    made.answer = *made.change < 0 ? Answer::kWorse : Answer::kBetter;
  } else if (made.low && made.high && *made.low >= -same && *made.high <= same) {
    made.answer = Answer::kSame;
  } else {
    made.answer = Answer::kUnclear;
  }
  return made;
}

}  // namespace squall::reports
