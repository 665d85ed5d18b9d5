#pragma once

#include <cstdint>
#include <vector>

namespace squall::reports {

/// Tells from seconds of good and bad requests whether the share of bad ones is one that a goal
/// allows, as soon as that can be told with the confidence asked for.
///
/// Wald's sequential probability ratio test between a share that is a factor kRatio better than the
/// allowed one and one that is kRatio worse. The seconds of a queue near its knee are not
/// independent: their log-likelihood ratio is divided by how much more the counts of stretches of
/// 1, 2 and 4 seconds vary than independent requests would (quasi-likelihood; the greatest counts).
///
/// Lifecycle:  a value, one for each goal and probe; add() each second.
/// Threads:    one owner at a time.
/// Errors:     none.
class SequentialTest {
 public:
  enum class Answer { kOpen, kGood, kBad };
  static constexpr double kRatio = 1.5;

  /// `allowed` is the share that may be bad, 0 to 1; `confidence` that of each answer, below 1.
  SequentialTest(double allowed, double confidence);

  void add(double samples, double bad);

  Answer answer() const;
  double samples() const { return samples_; }
  double bad() const { return bad_; }
  /// The share of bad ones; 0 without samples.
  double share() const { return samples_ > 0 ? bad_ / samples_ : 0; }
  /// How many times more than those of independent requests the counts vary; at least 1.
  double dispersion() const;
  /// How many independent samples without a bad one it takes to be sure that all is well.
  static double least_samples(double allowed, double confidence);

 private:
  double ratio() const;

  double allowed_;
  double limit_;  // Of the logarithm of the likelihood ratio.
  double samples_ = 0;
  double bad_ = 0;
  struct Second {
    double samples;
    double bad;
  };
  std::vector<Second> seconds_;
};

}  // namespace squall::reports
