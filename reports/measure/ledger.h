#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/units.h"
#include "reports/measure/snapshot.h"

namespace squall::reports {

/// All that was measured in a run, merged over shards and agents, by load and second.
///
/// Any stretch of any load can be added up exactly afterwards. Kept sparse: an hour of ten loads
/// fits in some hundred megabytes at most.
///
/// Lifecycle:  fed by add() as snapshots arrive, in any order.
/// Threads:    one owner at a time.
/// Errors:     none; a repeated snapshot (same agent and sequence) is ignored, add() answers false.
class Ledger {
 public:
  bool add(const std::string& agent, const Snapshot& snapshot);

  std::vector<std::string> loads() const;
  /// First and one past the last second that has anything of `load`; 0, 0 when nothing has.
  std::int64_t first_second(const std::string& load) const;
  std::int64_t end_second(const std::string& load) const;

  /// The sum of the seconds [from, to).
  SecondCell sum(const std::string& load, std::int64_t from, std::int64_t to) const;
  /// The sum of all seconds.
  SecondCell total(const std::string& load) const;

  /// By agent, then second.
  const std::map<std::string, std::map<std::int64_t, Health>>& health() const { return health_; }

 private:
  // A second at rest: histograms as their encodings would be wasteful to re-merge, dense ones too
  // large; the implementation keeps what suits it.
  struct Stored;
  std::map<std::string, std::map<std::int64_t, std::vector<SecondCell>>> placeholder_;
  std::map<std::string, std::map<std::int64_t, Health>> health_;
};

}  // namespace squall::reports
