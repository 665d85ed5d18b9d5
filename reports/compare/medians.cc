#include "reports/compare/medians.h"

#include <algorithm>

namespace squall::reports {
namespace {

/// How much worse B is by this difference, so that differences of one figure can be put in order.
double worsening(const Difference& difference) {
  const double change = difference.change.value_or(0);
  return difference.unit == Difference::Unit::kRate ? -change : change;
}

bool is_same_figure(const Difference& a, const Difference& b) {
  return a.load == b.load && a.phase == b.phase && a.figure == b.figure;
}

/// Of the differences of one figure, the median.
Difference median_of(const std::vector<Comparison>& all, const Difference& figure) {
  std::vector<Difference> same;
  for (const Comparison& one : all) {
    for (const Difference& difference : one.differences) {
      if (is_same_figure(difference, figure) && difference.change) same.push_back(difference);
    }
  }
  if (same.empty()) return figure;
  std::stable_sort(same.begin(), same.end(), [](const Difference& a, const Difference& b) {
    return worsening(a) < worsening(b);
  });
  return same[(same.size() - 1) / 2];  // Of two in the middle, the one that is kinder to B.
}

}  // namespace

std::vector<Difference> medians_of(const std::vector<Comparison>& comparisons) {
  std::vector<Difference> made;
  for (const Comparison& one : comparisons) {
    for (const Difference& figure : one.differences) {
      const auto is_it = [&](const Difference& known) { return is_same_figure(known, figure); };
      if (std::none_of(made.begin(), made.end(), is_it)) {
        made.push_back(median_of(comparisons, figure));
      }
    }
  }
  return made;
}

}  // namespace squall::reports
