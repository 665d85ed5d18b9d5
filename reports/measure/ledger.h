#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/base/units.h"
#include "reports/measure/outcome.h"
#include "reports/measure/snapshot.h"
#include "reports/measure/sparse_histogram.h"

namespace squall::reports {

/// All that was measured in a run, merged over shards and agents, by load and second.
///
/// Any stretch of any load can be added up exactly afterwards. Kept sparse: an hour of ten loads
/// fits in some hundred megabytes at most. Only the newest seconds, to which many agents add, are
/// kept as what is added to fast, until all have told of them.
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

  /// By agent, then second. Of several snapshots for one second, the worst of each figure.
  const std::map<std::string, std::map<std::int64_t, Health>>& health() const { return health_; }

 private:
  /// A group's second at rest.
  struct StoredGroup {
    GroupCounts counts;
    SparseHistogram response;
    SparseHistogram ok_response;
  };
  using StoredGroups = std::map<std::string, StoredGroup>;

  /// A load's second at rest.
  struct StoredCell {
    SecondCounts counts;
    std::array<SparseHistogram, kMetrics> latency;
    SparseHistogram ok_response;
    StoredGroups requests;
    StoredGroups addresses;
    std::uint64_t times_added = 0;

    void add(const SecondCell& cell);
  };
  using Seconds = std::map<std::int64_t, StoredCell>;

  /// Which sequence numbers of an agent have been taken: all up to one, and some beyond.
  struct Taken {
    std::uint64_t all_up_to = 0;
    std::set<std::uint64_t> beyond;

    bool take(std::uint64_t sequence);
  };

  static void store(const GroupCells& groups, StoredGroups& stored);
  static void add_up(const StoredGroups& stored, GroupCells& sum);
  const Seconds* find(const std::string& load) const;
  static SecondCell add_up(Seconds::const_iterator from, Seconds::const_iterator to);
  bool is_new(std::int64_t second) const;
  /// Puts those that are not new any more to rest.
  void cool(std::int64_t told);

  std::map<std::string, Seconds> loads_;
  /// What is to be added to those seconds of loads_ that are new, and added to often.
  std::map<std::string, std::map<std::int64_t, SecondCell>> warm_;
  std::int64_t newest_ = 0;  // The last second that somebody told of.
  std::map<std::string, Taken> taken_;
  std::map<std::string, std::map<std::int64_t, Health>> health_;
};

}  // namespace squall::reports
