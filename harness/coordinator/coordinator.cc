#include "harness/coordinator/coordinator.h"

#include <utility>

#include <sys/resource.h>

#include "harness/base/log.h"
#include "harness/control/coordinator_link.h"
#include "harness/coordinator/conductor.h"
#include "harness/coordinator/socket_folder.h"
#include "scenarios/plan/plan.h"

namespace squall::coordinator {
namespace {

/// Each agent is a descriptor, and so is each stranger until it is shown out: as many as may be.
void allow_all_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) log_debug("the limit of descriptors stays as it is");
}

}  // namespace

Result<reports::RunRecord> run_scenario(const scenarios::ParsedScenario& parsed,
                                        const RunOptions& options, const StopRequest& stop,
                                        const RunObserver& observe) {
  SQUALL_TRY(auto plan, scenarios::compile(parsed.scenario));
  if (options.fleet && !options.fleet->placed) {
    allow_all_descriptors();
    SQUALL_TRY(const auto link,
               control::CoordinatorLink::listen(options.fleet->listen, options.fleet->credentials));
    Conductor conductor(parsed, std::move(plan), options, stop, observe, *link);
    return std::move(conductor).run(options.fleet->listen);
  }
  SQUALL_TRY(const auto folder, SocketFolder::make());
  SQUALL_TRY(const auto link, control::CoordinatorLink::listen(folder.address()));
  Conductor conductor(parsed, std::move(plan), options, stop, observe, *link);
  return std::move(conductor).run(folder.address());
}

}  // namespace squall::coordinator
