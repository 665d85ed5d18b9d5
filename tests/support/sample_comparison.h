#pragma once

#include "reports/compare/comparison.h"

namespace squall::reports {

/// A comparison with every kind of figure and answer, made by hand.
inline Comparison sample_comparison() {
  using Answer = Difference::Answer;
  using Unit = Difference::Unit;
  const auto figure = [](const char* name, Unit unit, double a, double b, double change,
                         std::optional<double> low, std::optional<double> high, Answer answer) {
    Difference made;
    made.load = "browse";
    made.figure = name;
    made.unit = unit;
    made.a = a;
    made.b = b;
    made.change = change;
    made.low = low;
    made.high = high;
    made.limit = unit == Unit::kShare ? 0.001 : 0.06;
    made.answer = answer;
    return made;
  };
  Comparison made;
  made.a = "20261120T120000Z-7";
  made.b = "20261121T120000Z-8";
  made.verdict = ComparisonVerdict::kWorse;
  made.tolerance = 0.06;
  made.confidence = 0.95;
  made.reasons = {"browse: p99 rose by 12.0 % (+8.1 % to +16.0 %), from 20.0 ms to 22.4 ms"};
  made.remarks = {"other kernel: Linux 6.1 and Linux 6.12"};
  made.differences = {
      figure("p50", Unit::kTime, 0.85, 0.84, -0.0118, -0.04, 0.02, Answer::kSame),
      figure("p99", Unit::kTime, 20, 22.4, 0.12, 0.081, 0.16, Answer::kWorse),
      figure("p99.9", Unit::kTime, 900, 1500, 0.6667, -0.1, std::nullopt, Answer::kUnclear),
      figure("not ok", Unit::kShare, 0.01, 0.002, -0.008, -0.009, -0.007, Answer::kBetter),
      figure("completed", Unit::kRate, 999.8, 999.9, 0.0001, -0.001, 0.001, Answer::kSame),
      figure("objective fast", Unit::kShare, 0, 0.5, 0.5, std::nullopt, std::nullopt,
             Answer::kTooFew)};
  made.differences[1].is_decisive = made.differences[3].is_decisive = true;
  return made;
}

}  // namespace squall::reports
