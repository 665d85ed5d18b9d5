#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
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
/// Lifecycle:  start → is_done, or stop. stop() undoes what is in force; the destructor also waits
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
  /// Begins nothing further, undoes what is in force, and waits until that is done.
  void stop();
  /// True when nothing is in force or still to come.
  bool is_done() const;

 private:
  void run();
  void apply(const scenarios::PlannedFault& planned);
  void inject(const faults::ProcessFault& fault, reports::FaultRecord& record);
  void inject(const faults::FaultSpec& spec, const faults::LinkFault& fault,
              reports::FaultRecord& record);
  void inject(const faults::NetworkFault& fault, reports::FaultRecord& record);
  void inject(const faults::FaultSpec& spec, const faults::PressureFault& fault,
              reports::FaultRecord& record);
  void begin_restart(const faults::ProcessFault& fault, reports::FaultRecord record);
  void restart(const std::vector<faults::Candidate>& candidates, reports::FaultRecord& record);
  void undo(const scenarios::PlannedFault& planned);
  void undo_all();
  bool is_stopping() const;
  Duration now() const;

  struct InForce {
    faults::ActiveFault fault;
    reports::FaultRecord record;
    std::function<faults::LinkFinding()> look = nullptr;  ///< For what only shows when it is over.
  };
  /// Fills in what was seen of a fault that shows only when it is over.
  static void look_back(const InForce& held, reports::FaultRecord& record);

  const std::vector<scenarios::PlannedFault>& planned_;
  const std::vector<faults::FaultSpec>& specs_;
  const Means means_;
  Tell tell_;
  Instant start_;

  mutable std::mutex mutex_;  // Guards the next two.
  std::condition_variable wake_;
  bool is_stopping_ = false;
  bool is_done_ = false;

  std::map<std::string, InForce> in_force_;  // By label; the runner's thread, or stop() after it.
  std::vector<std::future<void>> restarts_;  // As in_force_; destroying one waits for its end.
  std::thread thread_;
};

}  // namespace squall::agent
