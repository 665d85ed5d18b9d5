#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "harness/base/units.h"
#include "reports/judge/run_record.h"

namespace squall::coordinator {

/// Measures how long after a second's end the figures of that second are whole: merged from all
/// agents. This is the coordinator's own lateness, and that of the network and the agents.
///
/// Lifecycle:  made at the start of the load → take() for each new snapshot → lateness().
/// Threads:    one owner at a time. Errors: none. Holds no clock.
class MergeWatch {
 public:
  /// What this agent measured up to the end of `second` was merged at `now`, from the start of the
  /// load. Of several snapshots for one second only the first counts: what comes after its end is
  /// of requests that ended late.
  void take(const std::string& agent, std::int64_t second, Duration now);
  /// Of those seconds that all `agents` have told of; none: there is no such second.
  std::optional<reports::MergeLateness> lateness(std::size_t agents) const;

 private:
  struct Second {
    std::size_t told = 0;  ///< Agents.
    Duration last{};       ///< After its end.
  };
  std::map<std::int64_t, Second> seconds_;
  std::map<std::string, std::int64_t> told_;  // By agent, the last second.
};

}  // namespace squall::coordinator
