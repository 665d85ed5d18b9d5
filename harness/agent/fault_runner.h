#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "faults/core/active_fault.h"
#include "faults/core/journal.h"
#include "faults/link/link_fault.h"
#include "faults/link/links.h"
#include "faults/pressure/pressure_fault.h"
#include "faults/process/match.h"
#include "faults/process/process_table.h"
#include "faults/spec/fault_spec.h"
#include "generators/load/load_engine.h"
#include "harness/agent/fault_threads.h"
#include "harness/agent/fault_timeline.h"
#include "harness/agent/network_sites.h"
#include "harness/base/units.h"
#include "harness/services/services.h"
#include "reports/judge/run_record.h"
#include "scenarios/plan/plan.h"

namespace squall::agent {

/// Carries out the timeline of faults on a thread of its own, so that a fault that takes its time
/// delays neither leases nor snapshots. What takes longer than a moment to come or to go (the
/// network's, pressure, restarts, a signal without an undo) has a thread each, so that it delays no
/// other fault's end.
///
/// The faults of a matrix wait for their row: between start() and stop() its rows begin and end as
/// the coordinator says, and it is done whenever nothing is in force or awaited.
///
/// Lifecycle:  start → (begin_row → end_row)* → is_done, or stop. stop() undoes what is in force;
/// the destructor also waits
///             for restarts under way, which end when the services are stopped.
/// Threads:    one owner; `tell` is called on threads of the runner's.
/// Errors:     each is part of a fault's record.
class FaultRunner {
 public:
  /// What faults need to be carried out. All must outlive the runner.
  struct Means {
    faults::ProcessTable& processes;
    faults::Journal& journal;
    services::Services& services;
    faults::Links* links = nullptr;    ///< None when no fault is one of a link.
    NetworkSites* networks = nullptr;  ///< None when no fault is one of the network.
    faults::PressureSite pressure;     ///< Who presses.
    /// Whose connections are disturbed; asked each time.
    std::function<generators::LoadEngine*()> loads;
    faults::ProcessScope scope;  ///< With the run's seed; the services are filled in each time.
    /// Is called with an instance of a service, "web.1", before a fault does anything to it.
    std::function<void(const std::string&)> about_to_hit;
    /// Fails when nobody would undo a change should this agent die; none: that is not asked.
    std::function<Result<void>()> check_guard = nullptr;
  };
  using Tell = std::function<void(const reports::FaultRecord&)>;

  /// `planned` and `specs` must outlive the runner.
  FaultRunner(const std::vector<scenarios::PlannedFault>& planned,
              const std::vector<faults::FaultSpec>& specs, Means means, Tell tell);
  ~FaultRunner();
  FaultRunner(const FaultRunner&) = delete;
  FaultRunner& operator=(const FaultRunner&) = delete;

  void start(Instant start);
  /// The faults of this row of a matrix come at their planned offsets from the row's begin, which
  /// is `shift` earlier than planned. Those of the row before must have been ended.
  void begin_row(std::size_t row, Duration shift);
  /// Undoes what is in force of the row, and starts again what its signals ended; what of it is
  /// still to come does not.
  void end_row();
  /// Undoes now what is in force of this fault, by an operator's word, and applies it no more.
  void stop_fault(const std::string& name);
  /// Begins nothing further, undoes what is in force, and waits until that is done.
  void stop();
  /// True when nothing is in force or still to come.
  bool is_done() const;

 private:
  struct InForce {
    faults::ActiveFault fault;
    reports::FaultRecord record;
    std::function<faults::LinkFinding()> look = nullptr;  ///< For what only shows when it is over.
    std::function<reports::Survival()> survival = nullptr;  ///< Where connections were disturbed.
    std::vector<std::string> ended = {};  ///< Instances of services, to be started again.
    /// Ends what it does at once, where the rest of its undo takes its time.
    std::function<void()> let_go = nullptr;
    std::optional<Duration> let_go_at = {};
    Duration since{};  ///< When it was in force.
    std::optional<Duration> asked_length = {};
    Duration late{};  ///< By so much others held its begin up.
  };
  /// The faults of a row and how much earlier than planned they come; none: the row has ended.
  /// Or, with a name, that this fault is to be stopped.
  struct Order {
    std::optional<std::size_t> row;
    Duration shift{};
    std::string stopped = {};
  };
  void run();
  /// Waits until a step is due or an order has come; false when nothing further will.
  bool await(const FaultTimeline& timeline);
  std::optional<Order> take_order();
  void order(Order order);
  /// Those faults of the plan that belong to the row; 0: to none.
  std::vector<scenarios::PlannedFault> faults_of(std::size_t row, Duration shift) const;
  void apply(const scenarios::PlannedFault& planned);
  /// Whether it is undone even if this agent dies.
  Result<void> check_guard(const faults::FaultSpec* spec) const;
  void apply_apart(const scenarios::PlannedFault& planned, const faults::FaultSpec& spec);
  /// Tells of a fault whose time was over before it could come.
  void miss(const scenarios::PlannedFault& planned, WhyUndone why);
  /// It has an end of its own, which has come.
  bool is_past(const scenarios::PlannedFault& planned) const;
  /// Applies it and tells of it; none: there is nothing to be undone.
  std::optional<InForce> bring(const scenarios::PlannedFault& planned,
                               const faults::FaultSpec* spec);
  /// In a row of a matrix what a signal ended stays away until the row has ended.
  std::optional<InForce> inject(const faults::ProcessFault& fault, bool is_of_row,
                                reports::FaultRecord& record);
  std::optional<InForce> inject(const faults::FaultSpec& spec, const faults::LinkFault& fault,
                                reports::FaultRecord& record);
  std::optional<InForce> inject(const scenarios::PlannedFault& planned,
                                const faults::FaultSpec& spec, const faults::NetworkFault& fault,
                                reports::FaultRecord& record);
  std::optional<InForce> inject(const scenarios::PlannedFault& planned,
                                const faults::QuicFault& fault, reports::FaultRecord& record);
  std::optional<InForce> inject(const faults::FaultSpec& spec, const faults::PressureFault& fault,
                                reports::FaultRecord& record);
  /// Starts the instances of services again that a fault's signal ended: that fault's undo.
  void begin_return(InForce held);
  void begin_restart(const scenarios::PlannedFault& planned, const faults::ProcessFault& fault);
  void restart(const std::vector<faults::Candidate>& candidates, reports::FaultRecord& record);
  /// Carries out an order about the faults that are under way, or begins a row's.
  void obey(const Order& order, std::vector<scenarios::PlannedFault>& current,
            FaultTimeline& timeline);
  void undo(const scenarios::PlannedFault& planned, WhyUndone why = WhyUndone::kItsEnd);
  /// Ends what it does, if it has not been let go yet.
  void let_go(InForce& held) const;
  /// Undoes it and tells of it; false: it is still there.
  bool finish(InForce& held, WhyUndone why);
  void undo_all();
  reports::FaultRecord begun(const scenarios::PlannedFault& planned) const;
  bool is_stopping() const;
  Duration now() const;
  /// A number of its own for each application of a fault, from the run's seed.
  std::uint64_t seed_of(const std::string& label) const;

  /// Fills in what was seen of a fault that shows only when it is over.
  static void look_back(const InForce& held, reports::FaultRecord& record);

  const std::vector<scenarios::PlannedFault>& planned_;
  const std::vector<faults::FaultSpec>& specs_;
  const Means means_;
  Tell tell_;
  Instant start_;

  const bool has_rows_;  // Its faults come when they are told to, by rows.

  mutable std::mutex mutex_;  // Guards the next four.
  std::condition_variable wake_;
  std::deque<Order> orders_;
  bool is_stopping_ = false;
  bool is_done_ = false;
  std::vector<InForce> left_;  // What could not be undone apart: undo_all() tries again.

  std::map<std::string, InForce> in_force_;  // By label; the runner's thread, or stop() after it.
  std::vector<std::future<void>> restarts_;  // As in_force_; destroying one waits for its end.
  FaultThreads apart_;                       // As in_force_.
  std::thread thread_;
};

}  // namespace squall::agent
