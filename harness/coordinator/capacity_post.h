#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "generators/spec/load_spec.h"
#include "harness/base/units.h"
#include "harness/coordinator/capacity_seconds.h"
#include "reports/capacity/capacity_search.h"
#include "reports/judge/run_record.h"
#include "scenarios/model/scenario.h"

namespace squall::coordinator {

/// A rate from an offset on, to the end of the load.
struct PaceOrder {
  Duration at{};
  Rate rate;
};

/// The whole second that lies far enough ahead for all agents to hear what is to happen then.
Duration soon(Duration elapsed);

/// Leads one search for a capacity: waits until its faults are in force, tells the search each
/// second of its load when the fate of all its requests is known, and says which rate is to be
/// offered from which second on.
///
/// A rate begins with a whole second, so that every second belongs to one rate.
///
/// Lifecycle:  from the begin of the search to its end; the scenario, which has a capacity, and the
///             seconds must outlive it.
/// Threads:    one.
/// Errors:     none: what keeps it from an answer stands in the record.
class CapacityPost {
 public:
  /// `begin` is where the search's deadline counts from, and `labels` are those of the faults that
  /// must be in force.
  CapacityPost(const scenarios::Scenario& scenario, const CapacitySeconds& seconds, Duration begin,
               std::vector<std::string> labels);

  /// Looks at what is new; what the agents are to be told, if anything.
  std::optional<PaceOrder> look(const reports::RunRecord& record, Duration elapsed);
  bool is_done() const { return search_.is_done(); }
  /// Ends the search before it has an answer.
  void cut(const std::string& why) { search_.cut(why); }

  /// `faults` are the names of what was in force.
  reports::CapacityRecord record(const std::vector<std::string>& faults) const;
  /// "probing 820/s".
  std::string doing() const;

 private:
  /// True when all faults are in force; one that cannot be, or is no more, ends the search.
  bool faults_are_in_force(const reports::RunRecord& record);
  std::uint64_t step_in(std::int64_t second) const;

  const scenarios::CapacitySpec& capacity_;  // NOLINT: a part of the scenario.
  const CapacitySeconds& seconds_;           // NOLINT: outlives it.
  Duration begin_;
  std::vector<std::string> labels_;
  reports::CapacitySearch search_;
  struct Change {
    std::int64_t second;
    std::uint64_t step;
  };
  std::vector<Change> changes_;
  std::int64_t next_second_;
  bool has_begun_ = false;
};

}  // namespace squall::coordinator
