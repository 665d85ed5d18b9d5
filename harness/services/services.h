#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "faults/core/journal.h"
#include "faults/process/match.h"
#include "faults/process/process_table.h"
#include "harness/base/result.h"
#include "harness/base/units.h"
#include "scenarios/model/scenario.h"

namespace squall::services {

/// Something that happened to a service, as reports/measure/event.h has it.
struct ServiceEvent {
  std::string kind;     ///< "service.started", "service.ready", "service.exited",
                        ///< "service.restarted", "service.stopped" or "note".
  std::string subject;  ///< "web.1".
  std::string detail;   ///< "was ended by SIGKILL".
};

/// Asks `url` once, for at most `timeout`, and answers with the status (generators/load/fetch.h).
using Fetch = std::function<Result<int>(const std::string& url, Duration timeout)>;
using OnServiceEvent = std::function<void(const ServiceEvent&)>;

struct ServicesOptions {
  std::filesystem::path directory;      ///< The scenario's; processes start in it.
  std::filesystem::path run_directory;  ///< What they write goes to services/NAME.I.log in it.
};

/// How long to wait before start `attempt` (from 1) of a process that keeps ending: 100 ms, then
/// twice as long each time, 5 s at most.
Duration restart_pause(std::uint64_t attempt);

/// The processes which a scenario starts, owns and stops.
///
/// Each runs in a session of its own; each is in the journal before its program begins, so that the
/// reaper ends it if this process dies. One that ends is started again after restart_pause() where
/// its policy says so; what it left behind is ended first. Nothing is left of any after stop_all().
/// Makes this process a child subreaper, so that a service which goes into the background is
/// caught; children that this process has before make() are let be. So one at a time in a process,
/// and the reaper is started before it.
///
/// Lifecycle:  make → start_all → (restart)* → stop_all → destroy. The destructor stops what runs.
/// Threads:    the functions from any thread, but not from the callback. One thread of its own
///             watches all processes and calls the callback; each waiting for readiness has one.
/// Errors:     start_all(): the first service that does not come up, with its last words, and then
///             none runs. stop_all(): residue. What happens in between are events.
class Services {
 public:
  /// `journal` and `table` outlive it. Fails when a program or a directory is missing.
  static Result<std::unique_ptr<Services>> make(std::vector<scenarios::ServiceSpec> specs,
                                                ServicesOptions options, faults::Journal& journal,
                                                faults::ProcessTable& table, Fetch fetch,
                                                OnServiceEvent on_event);
  ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  /// Starts all at once and waits until all are ready.
  Result<void> start_all();
  /// Stops one instance, starts it again whatever its policy, and waits until it is ready.
  Result<void> restart(const std::string& service, std::uint64_t instance);
  /// TERM to each, KILL to what is left of it after `stop_within`; waits until nothing is left.
  Result<void> stop_all();

  /// The first process of each instance that runs now.
  std::vector<faults::ServiceProcess> processes() const;

 private:
  class Watcher;
  explicit Services(std::unique_ptr<Watcher> watcher);

  std::unique_ptr<Watcher> watcher_;
};

}  // namespace squall::services
