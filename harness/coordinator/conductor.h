#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.h"
#include "harness/control/coordinator_link.h"
#include "harness/coordinator/coordinator.h"
#include "harness/coordinator/given_order.h"
#include "harness/coordinator/guard_post.h"
#include "harness/coordinator/live_order.h"
#include "harness/coordinator/loss_book.h"
#include "harness/coordinator/matrix_post.h"
#include "harness/coordinator/merge_watch.h"
#include "harness/coordinator/pace_book.h"
#include "harness/coordinator/roll.h"
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
  /// Waits for the agents of a fleet; false when not all have come.
  bool gather_fleet(const std::string& address);
  /// Starts the agents that are placed by ssh; false when that cannot be done.
  bool place_agents(const std::string& address);
  /// Says which of them has ended before it joined; empty: none.
  std::string ended_before_joining();
  /// Of those who came while agents were gathered, and are none of the run's; begins with "; ".
  std::string who_came_in_vain() const;
  bool share_out();
  void start();
  void conduct();
  void finish();
  void dismiss_agents();
  /// After an agent was lost: sees to it, and reads back, that nothing of its faults is left.
  void recover_faults_of(Seat& seat);
  /// Of an agent on another machine nobody here can see what its reaper does.
  void leave_to_its_reaper(Seat& seat);
  /// What all agents told of the fault with this label.
  reports::FaultRecord merged(const std::string& label) const;

  /// Waits until all seats have got to `state`; false when one cannot, or a stop was asked for.
  bool await(Seat::State state, Duration patience, std::string_view doing);
  void await_all_over(Instant deadline, std::string_view stage);
  void listen_until(Instant deadline);
  /// The next that was told. When all that has come is taken it pauses, so that more comes
  /// together.
  std::optional<control::Told> hear_gathered(Instant deadline);
  void take(const control::Told& told);
  void take_hello(const control::Told& told);
  void take_hello_of_fleet(const control::Told& told);
  /// A witness tells that an agent's process has ended.
  void take_witness(const Applicant& who, const control::Told& told);
  /// Looks whose ssh has ended, and whether its agent's process has.
  void watch_placed();
  void refuse(control::StreamId stream, const std::string& why, bool for_good);
  /// An agent of a fleet has gone while others are still waited for.
  void leave_early(const Seat& seat);
  /// There will be no run: those who came may ask again for another.
  void turn_all_away(const std::string& why);
  /// An agent is back that this run knows, by another stream; false when it knows none such.
  bool take_back(const std::string& name, const control::Told& told);
  /// Asks all agents for the time until their offsets are known well enough to start by.
  void compare_clocks();
  /// Whether the scenario wants it, and others offer what the lost one did.
  bool goes_on_without(const Seat& lost);
  void take_up_share_of(const Seat& lost);
  void take_up_users(const Seat& lost, const LoadPart& part, const std::vector<Seat*>& heirs);
  /// Remembers who was told to take up what, and that it is offered from `at` on.
  void hand_on(const Seat& lost, const std::string& load, Duration at,
               const std::vector<Seat*>& heirs, const std::string& what);
  /// Tells of each share that was taken up once those who were told to do so have heard of it.
  void watch_take_ups();
  /// Puts what of the lost agents' parts nobody told of into the record.
  void keep_missing();
  /// The agents that still offer this load.
  std::vector<Seat*> offering(const std::string& load);
  /// Until those who were told to go have gone.
  void await_departures();
  void take_from(Seat& seat, const control::Told& told);
  void take_snapshot(Seat& seat, const wire::Snapshot& message);
  void take_event(Seat& seat, const wire::EventSeen& message);
  void take_fault(Seat& seat, const wire::FaultState& message);
  void take_done(Seat& seat, const wire::Done& message);
  void lose(Seat& seat, const std::string& why);
  /// An agent ends its part before its time, and has yet to tell what it measured.
  void take_leave(Seat& seat, const std::string& why);
  /// Goes on without what an agent would have done, or not at all.
  void miss(const Seat& seat, const std::string& why, const std::string& sentence);

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
  /// Does what `squall ctl` asks for.
  void heed_orders();
  /// Answers the orders that all agents have taken, and in the end the others too; tells of those
  /// who took one late, or not at all.
  void watch_orders(bool is_end);
  Result<void> obey(const std::string& text);
  /// Has a fault undone before its time; its later applications are not to come.
  Result<void> stop_fault(const std::string& name, const std::string& text);
  void tell_change(const PaceBook::Change& change);
  /// Puts the rates that were offered into the record.
  void keep_paces();
  /// The faults of a matrix as they came, instead of as late as they might have.
  void plan_rows_as_they_were(Duration end);
  void order_stop(bool at_once);
  void renew_leases();
  /// An agent that runs and does not answer has no more right to go on than one without a lease.
  void lose_silent_agents();
  /// Once all that it still said has been taken.
  void lose_dead_agents();
  Instant may_be_silent_until(const Seat& seat) const;
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
  control::Refusals refusals_;                  // Of agents.
  std::optional<Roll> roll_;                    // Of a fleet.
  std::map<std::string, std::string> gone_;     // Agents that left before the run, and why.
  std::set<std::string> refused_;               // Why others were refused until then,
  std::uint64_t hellos_ = 0;                    // of so many that said who they are.
  std::map<std::string, ChildProcess> placed_;  // Each ssh, by its agent's name.
  /// Whether agents of a fleet may join, or those who have are on their way out.
  enum class Door { kShut, kOpen, kExit };
  Door door_ = Door::kShut;
  std::optional<GuardPost> guards_;   // While the load goes on.
  std::optional<MergeWatch> merges_;  // Since the load began.
  std::optional<PaceBook> paces_;     // While the load goes on.
  LossBook losses_;
  /// A part that others were told to go on with, who have not all heard of it yet.
  struct TakeUp {
    std::string load;
    std::string what;  // "the part of lon-1"
    Duration at{};
    std::vector<std::pair<std::string, std::uint64_t>>
        by;  // Agents, and the order each is to take.
  };
  std::vector<TakeUp> take_ups_;
  std::optional<LiveOrders> orders_;    // Of a run with a folder.
  std::vector<GivenOrder> given_;       // Obeyed here, and not taken by all of them yet.
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
