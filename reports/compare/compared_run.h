#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reports/measure/machine.h"
#include "reports/measure/sparse_histogram.h"

namespace squall::reports {

/// What is compared of one second of a load. Requests and their latencies belong to the second in
/// which they were due, `completed` to the second in which it happened.
struct ComparedSecond {
  std::uint64_t due = 0;
  std::uint64_t not_ok = 0;
  std::uint64_t completed = 0;
  SparseHistogram response;
};

/// Seconds [from, to) of the timeline, and what they are called.
struct ComparedPhase {
  std::string name;
  std::int64_t from = 0;
  std::int64_t to = 0;
};

/// A load as it is compared: its seconds, from `from` on, while it was on offer.
struct ComparedLoad {
  std::string name;
  bool open = true;
  std::int64_t from = 0;
  std::vector<ComparedSecond> seconds;
  std::vector<ComparedPhase> phases;  ///< Contiguous; one when no fault divides the run.

  std::int64_t to() const { return from + static_cast<std::int64_t>(seconds.size()); }
};

/// An objective's samples and bad ones by second, from second `from` on.
struct ComparedObjective {
  std::string name;
  std::string load;
  double goal = 0;
  std::string answer = {};  ///< "met", "missed", "too few", "no samples".
  std::int64_t from = 0;
  std::vector<double> samples;
  std::vector<double> bad;
};

/// What a search for a capacity found; one for each row of a matrix.
struct ComparedCapacity {
  std::string load;
  std::string row;                  ///< "without faults", "with one-gone"; empty: no matrix.
  std::optional<double> good, bad;  ///< Per second: confirmed, and the lowest that was refuted.
};

/// All of a run that a comparison looks at.
///
/// Lifecycle:  a value; made from a judged run, or from the files that it left.
/// Threads:    one owner at a time.
struct ComparedRun {
  std::string run;       ///< Its id.
  std::string scenario;  ///< Its scenario's name,
  /// and its text, in a form that comments and layout do not change; empty: not known.
  std::string text;
  std::string verdict;  ///< "pass".
  std::optional<Machine> machine;
  std::size_t agents = 0;
  std::vector<ComparedLoad> loads;
  std::vector<ComparedObjective> objectives;
  std::vector<ComparedCapacity> capacities;
};

}  // namespace squall::reports
