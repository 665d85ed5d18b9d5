#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "generators/spec/load_spec.h"
#include "harness/base/units.h"
#include "reports/capacity/capacity_search.h"
#include "reports/judge/indicator.h"
#include "reports/judge/run_record.h"
#include "scenarios/model/scenario.h"

namespace squall::coordinator {

/// What the search of a scenario's capacity is to be told before anything has run.
reports::CapacityOptions options_of(const scenarios::Scenario& scenario);

/// Leads a run's search for a capacity: waits until the faults of `while` are in force, tells the
/// search each second of its load when the fate of all its requests is known, and says which rate
/// is to be offered from which second on.
///
/// A rate begins with a whole second that lies far enough ahead for all agents to hear of it, so
/// that every second belongs to one rate.
///
/// Lifecycle:  from the start of the load to its end; the scenario, which has a capacity, must
///             outlive it.
/// Threads:    one.
/// Errors:     none: what keeps it from an answer stands in the record.
class CapacityPost {
 public:
  explicit CapacityPost(const scenarios::Scenario& scenario);

  /// A rate from an offset on, to the end of the load.
  struct Order {
    Duration at{};
    generators::Stage stage;
  };
  /// Looks at what is new; what the agents are to be told, if anything.
  std::optional<Order> look(const reports::RunRecord& record, Duration elapsed);
  bool is_done() const { return search_.is_done(); }
  /// Ends the search before it has an answer.
  void cut(const std::string& why) { search_.cut(why); }

  reports::CapacityRecord record() const;
  /// What was due of the load until `end`.
  std::vector<generators::Stage> stages_until(Duration end) const;
  /// "capacity: 820/s".
  std::string doing() const;

 private:
  /// True when all faults of `while` are in force; one that cannot be, or is no more, ends it.
  bool faults_are_in_force(const reports::RunRecord& record);
  reports::CapacitySecond second_of(const reports::RunRecord& record, std::int64_t second) const;
  std::uint64_t step_in(std::int64_t second) const;

  const scenarios::Scenario& scenario_;      // NOLINT: outlives the run.
  const scenarios::CapacitySpec& capacity_;  // NOLINT: a part of it.
  reports::CapacitySearch search_;
  std::vector<reports::Indicator> indicators_;
  std::int64_t lag_ = 1;  // Seconds after its own in which a second's last requests end.
  struct Change {
    std::int64_t second;
    std::uint64_t step;
    Rate rate;
  };
  std::vector<Change> changes_;
  std::int64_t next_second_ = 0;
  bool has_begun_ = false;
};

}  // namespace squall::coordinator
