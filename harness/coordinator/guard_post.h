#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.h"
#include "harness/coordinator/probe_post.h"
#include "reports/judge/guard_watch.h"
#include "reports/judge/run_record.h"
#include "scenarios/plan/plan.h"

namespace squall::coordinator {

/// Keeps watch over a run's guards and probes: knows when a second is over, looks at files, listens
/// to probes.
///
/// A second is judged when each agent that still runs has told of it, or a second after its end
/// without: so a guard trips within two seconds of its condition.
///
/// Lifecycle:  from the start of the load to its end; the scenario and the plan must outlive it.
/// Threads:    one; its probes have theirs.
/// Errors:     none.
class GuardPost {
 public:
  GuardPost(const scenarios::Scenario& scenario, const scenarios::Plan& plan, const Fetch& fetch);

  /// Each snapshot once.
  void take(const std::string& agent, const reports::Snapshot& snapshot);
  void lose(const std::string& agent);

  /// That a probe is answered otherwise than before.
  struct Change {
    std::string probe;
    bool is_good = false;
    std::string seen;
  };
  /// What is new.
  struct Heard {
    std::vector<reports::GuardTrip> trips;
    std::vector<reports::ProbeAnswer> answers;
    std::vector<Change> changes;
  };
  /// Judges the seconds that are over, within the plan's length.
  Heard hear(Instant start, Duration elapsed, const std::vector<std::string>& running);

  /// How each objective does so far, by its name.
  const std::map<std::string, reports::GuardWatch::SoFar>& objectives() const {
    return watch_.so_far();
  }

 private:
  bool is_over(std::int64_t second, Duration elapsed,
               const std::vector<std::string>& running) const;
  void look_outside();
  void hear_probes(Instant start, Heard& heard);

  const scenarios::Scenario& scenario_;  // NOLINT: both outlive the run.
  const scenarios::Plan& plan_;
  reports::GuardWatch watch_;
  reports::OutsideSignals outside_;
  std::map<std::string, std::int64_t> told_;   // By agent, the last second.
  std::map<std::string, ProbeSeen> answered_;  // By probe, the last answer.
  std::int64_t next_second_ = 0;
  std::optional<ProbePost> probes_;
};

}  // namespace squall::coordinator
