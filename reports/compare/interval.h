#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "reports/measure/histogram.h"

/// The statistics of a comparison: intervals of shares, of percentiles and of their differences,
/// from batches of seconds.
///
/// Requests of one second share its fate, and so do neighbouring seconds: counted as independent
/// they would promise far too much. So a stretch is cut into batches of some seconds, which are
/// nearly independent, and the spread between the batches says what the figure is worth.
namespace squall::reports {

/// From `low` to `high`; either may be infinite.
struct Interval {
  double low = 0;
  double high = 0;
};

/// So many of so many, by batch. Batches of one stratum (a phase) have a share of their own: what a
/// fault does is planned, and no sign of how much luck there is in the whole.
struct BatchedCounts {
  std::vector<double> hits;
  std::vector<double> of;
  std::vector<std::size_t> stratum;  ///< Of each batch, ascending; empty: all are of one.

  double all_hits() const;
  double all() const;
  /// Hits of all; 0 of nothing.
  double share() const;
  /// What each batch has more than its part of its stratum: hits − share × of, over all of all.
  /// A stratum of less than three batches tells no spread of its own: its part is
  /// that of the whole, so that whatever it has more counts as luck.
  std::vector<double> residuals() const;
  /// The squares of the residuals by stratum, with what a share that was estimated takes of them;
  /// and last those of the strata that are too short for one of their own. All together the
  /// variance of the share.
  std::vector<double> variances() const;
  /// By how much the variance of the share is larger than that of as many independent draws; at
  /// least 1. A batch more or less is judged by the spread of the batches.
  double design_effect() const;
};

/// A stratum needs so many batches for a spread of its own, a short stretch so many seconds to be
/// judged. With fewer, seconds each of which shares one fate, good or bad, would part two runs of
/// the same thing wholly in more than one of 32 pairs: 2 × (½)⁶ for three.
constexpr std::size_t kFewestOfStratum = 3;
/// From so many batches on the spread of one side is known well enough by itself.
constexpr std::size_t kWellKnown = 10;

/// Into how many batches a stretch of so many seconds is cut: none below 10 s, batches of 5 s where
/// there is time for 10 of them, at most 30.
std::size_t batches_of(std::int64_t seconds);

/// The value of Student's t with `freedom` degrees of freedom which is exceeded with probability
/// `tail`.
double student_t(double tail, double freedom);

/// With how many degrees of freedom the spread of two shares in the same strata is known: of one
/// stratum, its batches less one; of several, what Satterthwaite (1946) makes of them. A stratum
/// of less than `kWellKnown` batches counts those of both sides.
double freedom_of(const BatchedCounts& a, const BatchedCounts& b);

/// Wilson's score interval of a share that was seen in `draws` independent draws (Wilson 1927), for
/// a deviation of `t` standard errors. It stays within 0 to 1, and has a length at 0, too.
Interval wilson(double share, double draws, double t);

/// A figure with what it is worth.
struct Estimate {
  double value = 0;
  Interval range;                 ///< By the spread of the batches.
  Interval at_least;              ///< If all requests were independent: never less than this.
  std::vector<double> residuals;  ///< By batch, to see what two figures have in common.
};

/// In these, `effect` is the design effect of both sides, the larger one: where one side has had
/// its bad luck in a single burst, the other's clean record is worth no more.

/// The share itself.
Estimate share_estimate(const BatchedCounts& counts, double effect, double t);

/// The logarithm of a percentile of all batches: those values between which its share lies
/// (Woodruff 1952). Beyond the largest value nothing is known, so that the range is infinite there.
Estimate percentile_estimate(const std::vector<Histogram>& batches, double percent, double effect,
                             double t);

/// How many values lie beyond the percentile of all batches, by batch.
BatchedCounts beyond_percentile(const std::vector<Histogram>& batches, double percent);

/// The logarithm of how many ended a second. What follows a schedule (`due` by batch) is judged by
/// what the schedule does not explain; else `due` is empty.
Estimate rate_estimate(const BatchedCounts& completed_by_seconds, const std::vector<double>& due,
                       double t);

/// How alike the residuals of two figures are, −1 to 1; 0 when they have different numbers of
/// batches, or no spread.
double correlation(const std::vector<double>& a, const std::vector<double>& b);

/// The interval of b − a, recovered from those of both (MOVER, Zou and Donner 2008), with their
/// correlation: batch by batch the two have the same stages and faults behind them, which count
/// for nothing. Never narrower than independent draws allow.
Interval difference_of(const Estimate& a, const Estimate& b);

/// The interval of b's share less a's in the same few seconds, with chance `tail` beyond each end.
///
/// A second is what is drawn, however many requests shared its fate. Three seconds can only be told
/// apart from three others by supposing something of their spread, so it is that of Student's test:
/// the same in both runs, and known from all their seconds. Where both have the same pattern,
/// second by second, that of their differences is the narrower; it is taken then. Each gets half of
/// the chance. Never narrower than independent draws allow.
Interval difference_of_seconds(const BatchedCounts& a, const BatchedCounts& b, double tail);

}  // namespace squall::reports
