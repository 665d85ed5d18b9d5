#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "generators/spec/load_spec.h"
#include "harness/base/units.h"
#include "harness/coordinator/placement.h"
#include "reports/judge/run_record.h"
#include "reports/measure/snapshot.h"

namespace squall::coordinator {

/// What each agent told of its loads, and from when on others offer the part of one that is lost:
/// between the two its part is missing.
///
/// Lifecycle:  fed while the load goes on; asked when the run is over.
/// Threads:    one owner at a time. Errors: none.
class LossBook {
 public:
  /// How many requests of an open load fall due from one moment to another, over all agents as if
  /// none were lost; offsets are from the start of the run.
  using DueBetween = std::function<double(const std::string& load, Duration from, Duration to)>;

  void take(const std::string& agent, const reports::Snapshot& snapshot);
  /// The agent ended its load at `at`, and has told of all that it did.
  void told_all(const std::string& agent, Duration at);
  /// From `at` on others offer what of this load was the lost agent's.
  void hand_on(const std::string& agent, const std::string& load, Duration at);
  /// What is missing of this part of a load, which had it to `end` unless somebody took it up.
  /// Nothing is missing where `from` is `to`.
  reports::MissingPart missing(const std::string& agent, const LoadPart& part,
                               const generators::LoadSpec& load, Duration end,
                               const DueBetween& due_between) const;

 private:
  struct Told {
    std::int64_t until = 0;  // All before this second.
    Duration load_ended{};   // All before this moment, where it ended in order.
    /// What fell due in that second and later, by load and second.
    std::map<std::string, std::map<std::int64_t, std::uint64_t>> due;
  };

  std::map<std::string, Told> told_;                                   // By agent.
  std::map<std::pair<std::string, std::string>, Duration> handed_on_;  // Agent and load.
};

}  // namespace squall::coordinator
