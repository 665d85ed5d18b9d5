#include "reports/compare/interval.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <boost/math/distributions/students_t.hpp>

namespace squall::reports {
namespace {

constexpr std::int64_t kShortest = 10;  // Seconds.
constexpr std::int64_t kBatchSeconds = 5;
constexpr std::int64_t kFewest = 10;
constexpr std::int64_t kMost = 30;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double sum_of_squares(const std::vector<double>& values) {
  return std::inner_product(values.begin(), values.end(), values.begin(), 0.0);
}

/// The variance of a sum of residuals of which all batches are one.
double variance_of(const std::vector<double>& residuals) {
  const auto batches = static_cast<double>(residuals.size());
  return batches > 1 ? sum_of_squares(residuals) * batches / (batches - 1) : 0;
}

double log_of(Duration value) { return std::log(std::max(to_milliseconds(value), 1e-3)); }

/// The values between which a share of the histogram lies, in logarithms.
Interval values_between(const Histogram& histogram, const Interval& share, double draws) {
  Interval values{log_of(histogram.at_percentile(100 * share.low)), kInfinite};
  // With less than one draw beyond it, the largest value seen says nothing of the upper end.
  if ((1 - share.high) * draws >= 1)
    values.high = log_of(histogram.at_percentile(100 * share.high));
  return values;
}

/// √(a² + b² − 2ρab); infinite when either is.
double together(double a, double b, double correlated) {
  if (std::isinf(a) || std::isinf(b)) return kInfinite;
  return std::sqrt(std::max(0.0, a * a + b * b - 2 * correlated * a * b));
}

Interval mover(double a, const Interval& of_a, double b, const Interval& of_b, double correlated) {
  return {b - a - together(b - of_b.low, of_a.high - a, correlated),
          b - a + together(of_b.high - b, a - of_a.low, correlated)};
}

}  // namespace

double BatchedCounts::all_hits() const { return sum(hits); }

double BatchedCounts::all() const { return sum(of); }

double BatchedCounts::share() const {
  const double draws = all();
  return draws > 0 ? all_hits() / draws : 0;
}

std::vector<double> BatchedCounts::residuals() const {
  const double part = share();
  const double draws = all();
  std::vector<double> left(hits.size(), 0.0);
  for (std::size_t i = 0; draws > 0 && i < hits.size(); ++i) {
    left[i] = (hits[i] - part * of[i]) / draws;
  }
  return left;
}

double BatchedCounts::design_effect() const {
  const double part = share();
  const double binomial = part * (1 - part) / all();
  if (!(binomial > 0)) return 1;
  return std::max(1.0, variance_of(residuals()) / binomial);
}

std::size_t batches_of(std::int64_t seconds) {
  if (seconds < kShortest) return 0;
  return static_cast<std::size_t>(std::clamp(seconds / kBatchSeconds, kFewest, kMost));
}

double student_t(double tail, std::size_t freedom) {
  const boost::math::students_t distribution(static_cast<double>(freedom));
  return boost::math::quantile(boost::math::complement(distribution, tail));
}

Interval wilson(double share, double draws, double t) {
  if (!(draws > 0)) return {0, 1};
  const double square = t * t;
  const double middle = (share + square / (2 * draws)) / (1 + square / draws);
  const double half = t / (1 + square / draws) *
                      std::sqrt(share * (1 - share) / draws + square / (4 * draws * draws));
  return {std::clamp(middle - half, 0.0, share), std::clamp(middle + half, share, 1.0)};
}

Estimate share_estimate(const BatchedCounts& counts, double effect, double t) {
  const double share = counts.share();
  return {.value = share,
          .range = wilson(share, counts.all() / effect, t),
          .at_least = wilson(share, counts.all(), t),
          .residuals = counts.residuals()};
}

BatchedCounts beyond_percentile(const std::vector<Histogram>& batches, double percent) {
  Histogram all;
  for (const Histogram& batch : batches) all.merge(batch);
  const Duration value = all.at_percentile(percent);
  BatchedCounts beyond;
  for (const Histogram& batch : batches) {
    beyond.hits.push_back(static_cast<double>(batch.count() - batch.count_at_or_below(value)));
    beyond.of.push_back(static_cast<double>(batch.count()));
  }
  return beyond;
}

Estimate percentile_estimate(const std::vector<Histogram>& batches, double percent, double effect,
                             double t) {
  Histogram all;
  for (const Histogram& batch : batches) all.merge(batch);
  const double share = percent / 100;
  const auto draws = static_cast<double>(all.count());
  Estimate made;
  made.value = log_of(all.at_percentile(percent));
  made.range = values_between(all, wilson(share, draws / effect, t), draws / effect);
  made.at_least = values_between(all, wilson(share, draws, t), draws);
  made.residuals = beyond_percentile(batches, percent).residuals();
  return made;
}

Estimate rate_estimate(const BatchedCounts& completed_by_seconds, const std::vector<double>& due,
                       double t) {
  BatchedCounts counts = completed_by_seconds;
  if (!due.empty()) counts.of = due;
  // Of the logarithm: residuals relative to the figure itself.
  std::vector<double> residuals = counts.residuals();
  for (double& one : residuals) one /= counts.share();
  const double half = t * std::sqrt(variance_of(residuals));
  const double value = std::log(completed_by_seconds.share());
  return {.value = value,
          .range = {value - half, value + half},
          .at_least = {value, value},
          .residuals = std::move(residuals)};
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return 0;
  const double spread = std::sqrt(sum_of_squares(a) * sum_of_squares(b));
  if (!(spread > 0)) return 0;
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0) / spread;
}

Interval difference_of(const Estimate& a, const Estimate& b) {
  const Interval by_batches =
      mover(a.value, a.range, b.value, b.range, correlation(a.residuals, b.residuals));
  const Interval by_draws = mover(a.value, a.at_least, b.value, b.at_least, 0);
  return {std::min(by_batches.low, by_draws.low), std::max(by_batches.high, by_draws.high)};
}

}  // namespace squall::reports
