#pragma once

#include <cstdint>
#include <vector>

#include "reports/capacity/capacity_options.h"
#include "reports/capacity/capacity_second.h"
#include "reports/judge/indicator.h"
#include "reports/judge/run_record.h"
#include "scenarios/model/scenario.h"

namespace squall::coordinator {

/// What the search of a scenario's capacity is to be told before anything has run.
reports::CapacityOptions options_of(const scenarios::Scenario& scenario);

/// Reads from a run's ledger what a second of the searched load came to.
///
/// Lifecycle:  the scenario, which has a capacity, must outlive it.
/// Threads:    any.
/// Errors:     none.
class CapacitySeconds {
 public:
  explicit CapacitySeconds(const scenarios::Scenario& scenario);

  /// Seconds after its own in which a second's last requests end.
  std::int64_t lag() const { return lag_; }
  /// The last second of which the fate of all requests is known; negative while there is none.
  std::int64_t last_known(const reports::RunRecord& record) const;
  /// `step` is that of the search for the rate on offer in the second.
  reports::CapacitySecond read(const reports::RunRecord& record, std::int64_t second,
                               std::uint64_t step) const;

 private:
  const scenarios::CapacitySpec& capacity_;  // NOLINT: a part of the scenario.
  std::vector<reports::Indicator> indicators_;
  std::int64_t lag_ = 1;
};

}  // namespace squall::coordinator
