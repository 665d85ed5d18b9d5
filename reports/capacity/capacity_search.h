#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/capacity/capacity_bracket.h"
#include "reports/capacity/capacity_options.h"
#include "reports/capacity/capacity_record.h"
#include "reports/capacity/capacity_second.h"
#include "reports/capacity/recovery.h"
#include "reports/capacity/sequential_test.h"
#include "reports/measure/histogram.h"

namespace squall::reports {

/// The search for the highest rate at which all objectives hold. It says which rate to offer, is
/// told what each second of it came to, and says what to offer next, until it is done.
///
/// A probe leaves out the second in which its rate begins and those until latency has settled, then
/// measures until a SequentialTest of each goal has an answer: bad as soon as one says so, good
/// when all do, three seconds were measured and latency does not rise. A probe of kind kVerify goes
/// on for the hold time, and is good when all goals were met over it. Where much higher rates were
/// hardly worse, what fails does not depend on the rate: each of them makes the tests stricter and
/// the hold longer, as who asks again and again hears at last what it likes. A bad probe in which
/// requests waited while the target served as fast as it does at a good rate says that the load's
/// own connections and streams are the limit. After a rate that was too high a low one is offered
/// until latency is back to what it was at a good one, and ever less while it is not. Where nothing
/// is answered at all, the lowest rate is all that is tried then.
///
/// Lifecycle:  a value; take() each second once, in order; then record().
/// Threads:    one owner at a time.
/// Errors:     none.
class CapacitySearch {
 public:
  explicit CapacitySearch(const CapacityOptions& options);

  /// What to offer from as soon as possible on.
  Rate rate() const { return rate_; }
  /// Grows with each change of rate().
  std::uint64_t step() const { return step_; }
  bool is_done() const { return phase_ == Phase::kDone; }
  bool is_recovering() const { return phase_ == Phase::kRecover; }

  void take(const CapacitySecond& second);
  /// Ends the search before it has an answer; `why` is the rest of a sentence.
  void cut(const std::string& why);

  /// The probes so far, and the answer when it is done.
  const CapacityRecord& record() const { return record_; }

 private:
  enum class Phase { kSettle, kMeasure, kRecover, kDone };

  void begin(CapacityBracket::Step step);
  void settle(const CapacitySecond& second);
  void measure(const CapacitySecond& second);
  void recover(const CapacitySecond& second);
  void offer(Rate rate);
  void end_probe(CapacityProbe::Answer answer, std::string why);
  void sum_up();
  void conclude();
  bool is_rising() const;
  bool is_disturbed() const;
  bool waits_for_streams() const;
  std::int64_t strictness_at(Rate rate) const;
  std::int64_t hold() const { return options_.hold * strictness_; }
  std::int64_t most_seconds() const;

  CapacityOptions options_;
  CapacityBracket bracket_;
  CapacityRecord record_;
  Phase phase_ = Phase::kSettle;
  Rate rate_;
  std::uint64_t step_ = 0;
  CapacityProbe probe_;
  std::vector<SequentialTest> tests_;
  Histogram response_;
  std::vector<double> means_;  // Seconds, by second of the probe that is measured.
  double sent_ = 0;
  double ok_ = 0;
  std::int64_t late_ = 0;         // Seconds in which the generator was.
  std::int64_t seen_ = 0;         // Seconds in this phase.
  bool has_answered_ = false;     // A request was ok, once the first second was over.
  std::optional<double> before_;  // The mean of the second before.
  std::optional<double> calm_;    // That of the best good probe: what latency must come back to.
  std::optional<double> served_;  // The least mean service of a good probe, in seconds.
  double service_ = 0;            // Seconds, of all that ended in this probe.
  double served_count_ = 0;
  std::int64_t strictness_ = 1;
  std::optional<Recovery> recovery_;
};

}  // namespace squall::reports
