#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.h"
#include "harness/control/coordinator_link.h"
#include "harness/coordinator/coordinator.h"
#include "harness/coordinator/guard_post.h"
#include "harness/coordinator/matrix_post.h"
#include "harness/coordinator/seat.h"
#include "reports/judge/run_record.h"
#include "reports/measure/event_log.h"

namespace squall::coordinator {

/// One run from the coordinator's side: gather the agents, share out the work, start, conduct,
/// finish.
///
/// Lifecycle:  made for one run; run() consumes it. Agents that are still there when it is
///             destroyed are killed, and their reapers undo what they had in force.
/// Threads:    one.
/// Errors:     everything that goes wrong becomes part of the record.
class Conductor {
 public:
  /// All references must outlive the run.
  Conductor(const scenarios::ParsedScenario& parsed, scenarios::Plan plan,
            const RunOptions& options, const StopRequest& stop, const RunObserver& observe,
            control::CoordinatorLink& link);

  /// `address` is where the agents find `link`.
  reports::RunRecord run(const std::string& address) &&;

 private:
  bool gather(const std::string& address);
  bool share_out();
  void start();
  void conduct();
  void finish();
  void dismiss_agents();
  /// After an agent was lost: sees to it, and reads back, that nothing of its faults is left.
  void recover_faults_of(const Seat& seat);

  /// Waits until all seats have got to `state`; false when one cannot, or a stop was asked for.
  bool await(Seat::State state, Duration patience, std::string_view doing);
  void await_all_over(Instant deadline, std::string_view stage);
  void listen_until(Instant deadline);
  void take(const control::Told& told);
  void take_hello(const control::Told& told);
  void take_from(Seat& seat, const control::Told& told);
  void take_snapshot(Seat& seat, const wire::Snapshot& message);
  void take_event(Seat& seat, const wire::EventSeen& message);
  void take_fault(const Seat& seat, const wire::FaultState& message);
  void take_done(Seat& seat, const wire::Done& message);
  void lose(Seat& seat, const std::string& why);

  /// How often it was asked: by a signal, or by another process.
  int stops_asked() const;
  bool stop_is_asked() const { return stops_asked() > 0; }
  void heed_stop_request();
  /// Judges the guards of the seconds that have ended; true when one has tripped.
  bool heed_guards();
  /// Leads the search for a capacity; true when it has ended.
  bool heed_capacity();
  /// Puts what the search found, and which rates it offered, into the record.
  void keep_capacity();
  /// The faults of a matrix as they came, instead of as late as they might have.
  void plan_rows_as_they_were(Duration end);
  void order_stop(bool at_once);
  void renew_leases();
  /// An agent that runs and does not answer has no more right to go on than one without a lease.
  void lose_silent_agents();
  void tell(Seat& seat, const wire::ToAgent& order);
  void tell_all(const wire::ToAgent& order);
  void end_early(reports::EarlyEnd::Cause cause, const std::string& why);
  void put_event(std::string kind, std::string subject, std::string detail);
  void tell_observer(std::string_view stage);
  bool all_over() const {
    return std::all_of(seats_.begin(), seats_.end(), [](const Seat& s) { return s.is_over(); });
  }
  /// Since the start of the load; negative before it.
  Duration elapsed() const;

  const scenarios::ParsedScenario& parsed_;
  const RunOptions& options_;
  const StopRequest& stop_;
  const RunObserver& observe_;
  control::CoordinatorLink& link_;
  reports::RunRecord record_;
  std::vector<Seat> seats_;
  std::optional<GuardPost> guards_;     // While the load goes on.
  std::optional<MatrixPost> capacity_;  // While the load goes on, of a scenario with one.
  reports::EventLog events_;  // Its start is that of the load; none until agents were told.
  Instant next_renewal_;
  Instant next_view_;
  Instant looked_;  // When it was last looked for silent agents.
  std::string stage_ = "preparing";
  int heeded_stops_ = 0;                // How many of the requests to stop have been passed on.
  std::optional<Duration> stopped_at_;  // When the agents were first told to stop.
  std::optional<Duration> load_ended_;  // When the last agent's load had drained.
};

}  // namespace squall::coordinator
