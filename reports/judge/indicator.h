#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "harness/base/units.h"
#include "reports/judge/run_record.h"
#include "reports/measure/snapshot.h"
#include "scenarios/model/scenario.h"

namespace squall::reports {

/// What an objective counted, and how many of these were bad.
struct Tally {
  std::uint64_t samples = 0;
  std::uint64_t bad = 0;

  Tally& operator+=(const Tally& other) {
    samples += other.samples;
    bad += other.bad;
    return *this;
  }
  bool operator==(const Tally&) const = default;
};

/// How an objective looks at what was measured of its load: which requests count, and which of
/// them are bad. Of a windowed objective these are the requests from which a window is judged.
///
/// Both tallies add up as cells do: that of a sum of cells is the sum of their tallies.
///
/// Lifecycle:  a value; the scenario must outlive it.
/// Threads:    immutable, any thread may use it.
/// Errors:     none.
class Indicator {
 public:
  Indicator(const scenarios::ObjectiveSpec& objective, const scenarios::Scenario& scenario);

  /// Of all requests that fell due: what never ended (unsent, shed, under way) is bad.
  Tally all_due(const SecondCell& cell) const;
  /// Of the requests whose fate is known: for a run that still goes on.
  Tally settled(const SecondCell& cell) const;

  /// Bad ones, by how long after it was due each was known to be bad.
  struct KnownAfter {
    std::map<Duration, std::uint64_t> ended;
    std::uint64_t at_the_end = 0;  ///< Known only when the load was over: unsent, under way.
  };
  /// What became known when, of the bad ones of all_due() of one second. An error is known when it
  /// ended; whatever is beyond the objective's latency limit, when that has passed, as it can be
  /// counted while it waits; what was shed, when the target's deadline has. Where an error need not
  /// be bad, the slowest are taken to be.
  KnownAfter known_after(const SecondCell& cell) const;

  /// The objective's requests of the cell, where it looks at those of one name only.
  bool is_of_group() const { return is_of_group_; }

 private:
  std::uint64_t good(const SecondCell& cell) const;
  std::optional<Duration> limit() const;

  const scenarios::ObjectiveSpec* objective_;
  std::optional<Duration> deadline_;  // Of the target: older requests are shed.
  bool is_of_group_;                  // One name of several; a load with one request has no groups.
};

/// True when a window with this tally has more requests beyond the limit than its percentile lets
/// be.
bool is_bad_window(const Tally& tally, const scenarios::LimitSpec& limit);

/// An objective's samples and bad ones by second, from second `from` on. Not whole numbers where a
/// sample is longer than a second: a window is spread evenly over its seconds.
struct ErrorSeries {
  std::int64_t from = 0;
  std::vector<double> samples;  ///< By the second in which they were due; so are
  std::vector<double> bad;      ///< these.
  /// When the bad ones were known: by how many a second more of them became known from each moment
  /// on. A moment is an offset from the start of the load. Empty: as they were due.
  std::map<Duration, double> known;

  /// Makes room for `second`, which must not lie before `from`.
  void reach(std::int64_t second);
  /// `count` bad ones became known, evenly in `length` from `from` on.
  void became_known(Duration since, Duration length, double count);
};

}  // namespace squall::reports
