#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/units.h"
#include "reports/measure/histogram.h"
#include "reports/measure/outcome.h"
#include "reports/measure/snapshot.h"

namespace squall::generators {

/// What a group of requests comes to within a second, while it is being counted: those of one name,
/// or those to one address.
///
/// Each response is recorded once, with the good ones or with the others: the sum of both is the
/// group's `response`. Statuses are so few that looking through them is quicker than a map.
///
/// Lifecycle:  clear() keeps the memory.
/// Threads:    one owner at a time.
/// Errors:     none.
class GroupTally {
 public:
  /// The end of a request; `status` 0 when there was no whole answer.
  void ended(reports::ErrorClass error, int status, Duration response);
  void connection_opened() { ++counts_.connections_opened; }
  void connection_failed() { ++counts_.connections_failed; }
  void connection_lost() { ++counts_.connections_lost; }

  bool empty() const { return counts_ == reports::GroupCounts{}; }
  void add_to(reports::GroupCell& cell) const;
  void clear();

 private:
  reports::GroupCounts counts_;  // Its `status` stays empty.
  std::vector<std::pair<int, std::uint64_t>> statuses_;
  reports::Histogram ok_;
  reports::Histogram not_ok_;
};

/// The groups of a load within a second, by small numbers.
///
/// Lifecycle:  at() makes room up to the number asked for.
/// Threads:    one owner at a time.
/// Errors:     none.
class GroupTallies {
 public:
  GroupTally& at(std::size_t group) {
    if (group >= tallies_.size()) [[unlikely]]
      tallies_.resize(group + 1);
    return tallies_[group];
  }
  /// Adds each group that is not empty under its name; a group beyond `names` has none.
  void add_to(const std::vector<std::string>& names, reports::GroupCells& cells) const;
  void clear();

 private:
  std::vector<GroupTally> tallies_;
};

/// A second of a load as a recorder counts it.
struct TalliedSecond : reports::SecondCell {
  GroupTallies by_request;
  GroupTallies by_address;
};

}  // namespace squall::generators
