#pragma once

#include <condition_variable>
#include <cstddef>
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
#include "harness/agent/fault_timeline.h"
#include "harness/agent/network_sites.h"
#include "harness/base/units.h"
#include "harness/services/services.h"
#include "reports/judge/run_record.h"
#include "scenarios/plan/plan.h"

namespace squall::agent {

/// Carries out the timeline of faults on a thread of its own, so that a fault that takes its time
/// delays neither leases nor snapshots. Restarts, which take as long as the service does, have a
/// thread each, so that they delay no other fault's end.
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
    faults::ProcessScope scope;  ///< With the run's seed; the services are filled in each time.
    /// Is called with an instance of a service, "web.1", before a fault does anything to it.
    std::function<void(const std::string&)> about_to_hit;
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
  /// Begins nothing further, undoes what is in force, and waits until that is done.
  void stop();
  /// True when nothing is in force or still to come.
  bool is_done() const;

 private:
  struct InForce {
    faults::ActiveFault fault;
    reports::FaultRecord record;
    std::function<faults::LinkFinding()> look = nullptr;  ///< For what only shows when it is over.
    std::vector<std::string> ended = {};  ///< Instances of services, to be started again.
  };
  /// The faults of a row and how much earlier than planned they come; none: the row has ended.
  struct RowOrder {
    std::optional<std::size_t> row;
    Duration shift{};
  };
  void run();
  /// Waits until a step is due or an order has come; false when nothing further will.
  bool await(const FaultTimeline& timeline);
  std::optional<RowOrder> take_order();
  void order(RowOrder order);
  /// Those faults of the plan that belong to the row; 0: to none.
  std::vector<scenarios::PlannedFault> faults_of(std::size_t row, Duration shift) const;
  void apply(const scenarios::PlannedFault& planned);
  /// In a row of a matrix what a signal ended stays away until the row has ended.
  void inject(const faults::ProcessFault& fault, bool is_of_row, reports::FaultRecord& record);
  void inject(const faults::FaultSpec& spec, const faults::LinkFault& fault,
              reports::FaultRecord& record);
  void inject(const faults::NetworkFault& fault, reports::FaultRecord& record);
  void inject(const faults::FaultSpec& spec, const faults::PressureFault& fault,
              reports::FaultRecord& record);
  /// Starts the instances of services again that a fault's signal ended: that fault's undo.
  void begin_return(InForce held);
  void begin_restart(const faults::ProcessFault& fault, reports::FaultRecord record);
  void restart(const std::vector<faults::Candidate>& candidates, reports::FaultRecord& record);
  void undo(const scenarios::PlannedFault& planned);
  void undo_all();
  bool is_stopping() const;
  Duration now() const;

  /// Fills in what was seen of a fault that shows only when it is over.
  static void look_back(const InForce& held, reports::FaultRecord& record);

  const std::vector<scenarios::PlannedFault>& planned_;
  const std::vector<faults::FaultSpec>& specs_;
  const Means means_;
  Tell tell_;
  Instant start_;

  const bool has_rows_;  // Its faults come when they are told to, by rows.

  mutable std::mutex mutex_;  // Guards the next three.
  std::condition_variable wake_;
  std::deque<RowOrder> orders_;
  bool is_stopping_ = false;
  bool is_done_ = false;

  std::map<std::string, InForce> in_force_;  // By label; the runner's thread, or stop() after it.
  std::vector<std::future<void>> restarts_;  // As in_force_; destroying one waits for its end.
  std::thread thread_;
};

}  // namespace squall::agent
