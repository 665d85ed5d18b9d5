#include "reports/compare/interval.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace squall::reports {
namespace {

constexpr std::int64_t kShortest = 10;  // Seconds.
constexpr std::int64_t kBatchSeconds = 5;
constexpr std::int64_t kFewest = kWellKnown;
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

/// Batches [from, to) of one stratum.
struct Stratum {
  std::ptrdiff_t from = 0;
  std::ptrdiff_t to = 0;
  bool is_alone = false;
  /// Of a single stratum the whole is the part.
  bool is_short() const {
    return !is_alone && to - from < static_cast<std::ptrdiff_t>(kFewestOfStratum);
  }
};

std::vector<Stratum> strata_of(const BatchedCounts& counts) {
  const auto all = static_cast<std::ptrdiff_t>(counts.hits.size());
  if (counts.stratum.empty()) return {{0, all, true}};
  std::vector<Stratum> strata;
  for (std::ptrdiff_t i = 0; i < all; ++i) {
    const auto at = counts.stratum.begin() + i;
    if (strata.empty() || *at != *(at - 1)) strata.push_back({i, i});
    strata.back().to = i + 1;
  }
  if (strata.size() == 1) strata.front().is_alone = true;
  return strata;
}

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
  const double draws = all();
  std::vector<double> left(hits.size(), 0.0);
  if (!(draws > 0)) return left;
  for (const Stratum& one : strata_of(*this)) {
    double its_hits = all_hits();
    double its_draws = draws;
    if (!one.is_short()) {
      its_hits = std::accumulate(hits.begin() + one.from, hits.begin() + one.to, 0.0);
      its_draws = std::accumulate(of.begin() + one.from, of.begin() + one.to, 0.0);
    }
    for (auto i = static_cast<std::size_t>(one.from); i < static_cast<std::size_t>(one.to); ++i) {
      left[i] = its_draws > 0 ? (hits[i] - its_hits / its_draws * of[i]) / draws : 0;
    }
  }
  return left;
}

std::vector<double> BatchedCounts::variances() const {
  const std::vector<double> left = residuals();
  std::vector<double> made;
  double of_short = 0;
  for (const Stratum& one : strata_of(*this)) {
    const std::vector<double> its(left.begin() + one.from, left.begin() + one.to);
    if (one.is_short()) {
      of_short += sum_of_squares(its);
    } else {
      made.push_back(variance_of(its));
    }
  }
  made.push_back(of_short);
  return made;
}

double BatchedCounts::design_effect() const {
  const double part = share();
  const double binomial = part * (1 - part) / all();
  if (!(binomial > 0)) return 1;
  return std::max(1.0, sum(variances()) / binomial);
}

std::size_t batches_of(std::int64_t seconds) {
  if (seconds < kShortest) return 0;
  return static_cast<std::size_t>(std::clamp(seconds / kBatchSeconds, kFewest, kMost));
}

double student_t(double tail, double freedom) {
  const boost::math::students_t distribution(freedom);
  return boost::math::quantile(boost::math::complement(distribution, tail));
}

double freedom_of(const BatchedCounts& a, const BatchedCounts& b) {
  const std::vector<double> of_a = a.variances();
  const std::vector<double> of_b = b.variances();
  std::vector<double> freedom;
  double batches_in_short = 0;
  for (const Stratum& one : strata_of(a)) {
    const auto batches = static_cast<double>(one.to - one.from);
    if (one.is_short()) {
      batches_in_short += batches;
    } else {
      freedom.push_back((batches < kWellKnown ? 2 : 1) * (batches - 1));
    }
  }
  if (freedom.size() == 1 && batches_in_short == 0) return freedom.front();
  freedom.push_back(std::max(1.0, batches_in_short));
  double all = 0;
  double squares = 0;
  for (std::size_t i = 0; i < freedom.size() && i < of_b.size(); ++i) {
    const double both = of_a[i] + of_b[i];
    all += both;
    squares += both * both / freedom[i];
  }
  // Nothing varies: whatever the requests alone allow is known by them.
  if (!(squares > 0)) return std::max(1.0, sum(freedom));
  return std::max(1.0, all * all / squares);
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

Interval difference_of_seconds(const BatchedCounts& a, const BatchedCounts& b, double tail) {
  const auto seconds = static_cast<double>(a.hits.size());
  const double half_tail = tail / 2;
  const std::vector<double> of_a = a.residuals();
  const std::vector<double> of_b = b.residuals();
  double apart = 0;  // The squares of what the seconds' differences vary.
  for (std::size_t i = 0; i < of_a.size() && i < of_b.size(); ++i) {
    apart += (of_b[i] - of_a[i]) * (of_b[i] - of_a[i]);
  }
  // Residuals are of the share: those of a second are as many times larger as there are seconds.
  const double pooled =
      seconds * seconds * (sum_of_squares(of_a) + sum_of_squares(of_b)) / (2 * (seconds - 1));
  const double paired = seconds * seconds * apart / (seconds - 1);
  const double half =
      std::min(student_t(half_tail, 2 * (seconds - 1)) * std::sqrt(2 * pooled / seconds),
               student_t(half_tail, seconds - 1) * std::sqrt(paired / seconds));
  const double change = b.share() - a.share();
  const boost::math::normal normal;
  const double z = boost::math::quantile(boost::math::complement(normal, half_tail));
  const Interval by_draws =
      mover(a.share(), wilson(a.share(), a.all(), z), b.share(), wilson(b.share(), b.all(), z), 0);
  return {std::min(change - half, by_draws.low), std::max(change + half, by_draws.high)};
}

}  // namespace squall::reports
