#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <control.pb.h>

#include "faults/core/audit.h"
#include "faults/core/journal.h"
#include "faults/core/reaper.h"
#include "faults/link/links.h"
#include "faults/network/kernel_networks.h"
#include "faults/process/procfs_table.h"
#include "generators/load/load_engine.h"
#include "harness/agent/fault_runner.h"
#include "harness/agent/network_sites.h"
#include "harness/agent/policy.h"
#include "harness/base/result.h"
#include "harness/base/units.h"
#include "harness/services/services.h"
#include "reports/judge/run_record.h"
#include "reports/measure/event.h"
#include "reports/measure/event_log.h"
#include "scenarios/parse/parse.h"
#include "scenarios/plan/plan.h"

namespace squall::agent {

/// What an agent does in one run: services, load and faults, and the end of them all.
///
/// Lifecycle:  prepare → start → collect each second until is_over → end. The destructor ends what
///             was not ended: load first, then faults, then services.
/// Threads:    one caller's thread. What happens meanwhile on other threads is kept and handed
///             over by take_told().
/// Errors:     prepare() says what could not be had; afterwards errors are collected by end().
class Part {
 public:
  /// What happened since it was last asked, in order.
  struct Told {
    std::vector<reports::Event> events;
    std::vector<reports::FaultRecord> faults;
  };

  /// Where an agent does its part.
  struct Surroundings {
    std::string squall_program;
    /// Where the coordinator is reached by TCP ("10.0.0.1:7400"), whom no fault of the network may
    /// cut off; empty: by a Unix socket.
    std::string coordinator;
    std::optional<Policy> policy;  ///< What it may be told to do; none: all.
    pid_t witness = 0;             ///< Of this agent, whom no fault may touch; 0: it has none.
  };

  /// Starts the services and waits until they are ready; opens the journal, and the reaper's eyes.
  static Result<std::unique_ptr<Part>> prepare(const wire::Share& share,
                                               const Surroundings& surroundings);
  ~Part();
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  /// Begins load and faults; `start` is the start of the load.
  void start(Instant start);
  /// True when all load has drained and no fault is in force or still to come.
  bool is_over() const;
  /// A row of the matrix begins at an offset from the start of the load, or is over.
  void begin_row(const wire::BeginRow& order);
  void end_row();
  /// Undoes a fault before its time; one that is not this agent's is no concern of its.
  void stop_fault(const wire::StopFault& order);
  /// Changes the rate of a load; what is wrong with the order is told by end().
  void pace(const wire::Pace& order);
  /// More users for a closed load, as above.
  void add_users(const wire::MoreUsers& order);
  /// The load ends by itself at this moment, unless it is put off before.
  /// Soon after it the agent itself is ended, if it has not stopped by then: it hangs, and what it
  /// has in force is undone by its reaper.
  void allow_until(Instant moment);
  /// It has.
  bool has_lapsed() const { return engine_ && engine_->has_lapsed(); }
  /// What was measured since the last call.
  reports::Snapshot collect();
  /// Nothing before the start is known: what happened before it is dated from it then.
  Told take_told();
  /// Ends the load: requests in flight get `drain`. Faults are undone before this returns.
  void stop(Duration drain);
  bool load_is_done() const { return !engine_ || engine_->is_done(); }
  /// Stops the services and closes the journal; answers with all that could not be done in the
  /// run. Call it when is_over(), or after stop().
  std::vector<std::string> end();

  const scenarios::Plan& plan() const { return plan_; }
  /// With its own faults only.
  const scenarios::Scenario& scenario() const { return scenario_; }
  Duration lease_length() const { return lease_length_; }
  Duration longest_timeout() const;

 private:
  Part() = default;
  /// Makes the relays that link faults need, and has the targets' connections go there.
  Result<void> make_links(std::vector<generators::TargetSpec>& targets);
  /// The scenario becomes this agent's part of it; what its policy forbids is an Error.
  Result<void> take_share(const wire::Share& share);
  Result<void> heed_policy(const wire::Share& share, std::vector<generators::TargetSpec>& targets);
  /// Opens the journal, starts the services, and sees whether its faults can be had.
  Result<void> keep_services(const wire::Share& share);
  Result<void> ready_faults();
  /// Warns of each fault on processes of which none is there yet.
  void warn_of_nobody(const faults::ProcessScope& scope);
  /// Fails when the reaper has gone.
  Result<void> check_guard() const;
  std::string reaper_has_gone() const;
  /// Warns, once, when it has. With the mutex.
  void watch_reaper();
  void note_service(const services::ServiceEvent& event);
  void note_fault(const reports::FaultRecord& record);
  /// Of a run that changes nothing of this machine there is no account to keep.
  void write_audit(const faults::AuditEntry& entry);
  /// A process fault is about to do something to this instance of a service.
  void note_hit(const std::string& instance);
  /// Whether this end of a service's process is nothing to complain of; with the mutex held.
  bool may_exit(const std::string& instance) const;
  void add_error(std::string what);
  void add_error_locked(std::string what);

  Surroundings surroundings_;
  scenarios::Scenario scenario_;  // With its own faults only.
  scenarios::Plan plan_;
  std::set<std::string> loads_;  // That this agent offers.
  Duration lease_length_{};
  std::string run_id_;
  std::filesystem::path audit_;  // Empty: none is kept.

  std::mutex mutex_;  // Guards the next four, which other threads feed.
  reports::EventLog events_;
  std::vector<reports::FaultRecord> faults_seen_;
  std::vector<std::string> errors_;
  std::set<std::string> hit_;  // Instances of services.

  // In the order in which they must be destroyed, last first.
  faults::ProcfsTable processes_;
  faults::KernelNetworks networks_;
  std::unique_ptr<faults::Journal> journal_;
  std::unique_ptr<faults::Reaper> reaper_;
  bool is_reaper_missed_ = false;
  std::unique_ptr<services::Services> services_;
  std::unique_ptr<faults::Links> links_;
  std::unique_ptr<NetworkSites> sites_;
  std::unique_ptr<generators::LoadEngine> engine_;
  std::unique_ptr<FaultRunner> faults_;
  std::atomic<bool> has_ended_ = false;
};

}  // namespace squall::agent
