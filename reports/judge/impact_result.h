#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.h"

namespace squall::reports {

/// What a load is like when nothing is broken: learnt from the seconds before the first fault, or
/// stated by the scenario.
///
/// A second is steady when neither its share of requests that were not ok nor its p99 is beyond
/// the limit. Median and MAD (median absolute deviation) are those of the baseline's seconds, and
/// nothing where there are too few of these. What is neither stated nor learnt has the limit that
/// nothing exceeds: 1, and Duration::max().
struct SteadyState {
  std::string load;
  bool is_error_share_stated = false;
  bool is_p99_stated = false;
  std::int64_t hold = 5;     ///< For so many seconds it must hold to count as recovered.
  std::int64_t seconds = 0;  ///< Of the baseline, in which something fell due.
  double error_share = 0;    ///< Median.
  double error_share_mad = 0;
  double error_share_limit = 0;
  Duration p99{};  ///< Median.
  Duration p99_mad{};
  Duration p99_limit{};
};

/// A load's worst ten seconds under a fault, or all of them where there are less; of each figure
/// for itself.
struct Depth {
  std::string load;
  Duration length{};  ///< Of the stretch that was looked at.
  double error_share = 0;
  Duration error_share_from{};
  Duration p99{};
  Duration p99_from{};
};

/// What one application of a fault did to the service. Offsets are from the start of the load.
struct FaultImpact {
  Duration effective{};               ///< Its first verified effect.
  std::optional<Duration> departed;   ///< Begin of the first second that was not steady.
  std::optional<Duration> detected;   ///< When the first alert or guard fired; see detected_by.
  std::string detected_by;            ///< "page alert 1 h/5 min of available".
  std::optional<Duration> recovered;  ///< From here on it was steady for the hold time.
  std::optional<Duration> recovered_under;  ///< The same, while the fault was still in force.
  std::vector<Depth> depth;                 ///< By load.
  std::uint64_t not_ok = 0;  ///< Requests that fell due from its begin until it was recovered.
  /// Of these, what is beyond the loads' usual share before the first fault, 0 at least; none where
  /// that share is not known of all loads.
  std::optional<std::uint64_t> not_ok_more;
  /// As budget_spent, from the fault's end until it was recovered.
  std::map<std::string, double> budget_spent_after;
  /// Labels of faults in force at the same time, or from which the service had not recovered:
  /// what of the harm is whose cannot be told.
  std::vector<std::string> overlaps;
  std::string note;      ///< Why a figure is missing; empty when none is.
  std::string sentence;  ///< All of it in words.
};

/// Whether a guard tripped.
struct GuardResult {
  std::string name;
  std::string condition;            ///< "browse.error_share > 20% for 5 s".
  std::optional<Duration> tripped;  ///< When.
  std::string sentence;             ///< What it saw; empty when it did not trip.
};

/// What became of a probe.
struct ProbeResult {
  std::string name;
  std::uint64_t asked = 0;
  std::uint64_t failed = 0;
  Duration longest_down{};  ///< From the first bad answer in a row to the next good one.
  bool met = true;
  std::string sentence;
};

}  // namespace squall::reports
