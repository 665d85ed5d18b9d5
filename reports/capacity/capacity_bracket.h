#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reports/capacity/capacity_options.h"
#include "reports/capacity/capacity_record.h"

namespace squall::reports {

/// Chooses which rate is probed next: upwards or downwards in geometric steps until one rate holds
/// and a higher one does not, then between them, then the answer for its hold time.
///
/// Between two ends it aims at where the share of bad requests should meet what is allowed; below a
/// rate that was far too high, at what the target managed to answer there, and where it managed
/// nothing, at the lowest rate. A rate from which a good
/// answer would end the search is verified at once, so that the last probe and the verification are
/// one. When what was found good turns out bad, all that was found good above is forgotten, and the
/// search goes on downwards in growing steps.
///
/// Lifecycle:  a value: next(), the probe, take(), and again until next() says kDone.
/// Threads:    one owner at a time.
/// Errors:     none.
class CapacityBracket {
 public:
  struct Step {
    enum class What { kProbe, kDone };
    What what = What::kProbe;
    CapacityProbe::Kind kind = CapacityProbe::Kind::kSearch;
    Rate rate;
  };

  explicit CapacityBracket(const CapacityOptions& options);

  Step next() const;
  void take(const CapacityProbe& probe);

  /// The highest rate found good below everything that was not.
  std::optional<Rate> good() const;
  bool is_verified() const { return verified_.has_value(); }
  /// The lowest rate above good() that was refuted.
  std::optional<Rate> bad() const;
  /// True when what bounds the search above is the generator.
  bool is_generator_bound() const;
  /// True when something above good() did not hold, refuted or too close to tell.
  bool has_ceiling() const { return ceiling_.has_value(); }
  /// True when not even the lowest rate holds.
  bool none_holds() const { return none_holds_; }

 private:
  struct Seen {
    double rate;
    double bad_share;  // Of the goal that was the furthest from being met, as a multiple of
    double served;     // what is allowed; answers that were ok, per second.
    std::int64_t ended;
    bool is_far;  // So many were bad that their share says no more.
    CapacityProbe::Answer answer;
  };

  double between(const Seen& good, const Seen& ceiling) const;
  const Seen* best_good() const;
  bool may_have_changed() const;

  CapacityOptions options_;
  std::vector<Seen> good_;       // Ascending.
  std::optional<Seen> ceiling_;  // The lowest that is not good: no search goes beyond it.
  std::vector<double> refuted_;  // All that were, since what was found was last contradicted.
  std::optional<double> verified_;
  std::int64_t verified_at_ = 0;
  std::optional<double> verify_next_;  // After a verification failed.
  int failures_ = 0;                   // Verifications in a row.
  int climbs_ = 0;
  int generator_probes_ = 0;
  bool has_rechecked_ = false;
  bool none_holds_ = false;
};

}  // namespace squall::reports
