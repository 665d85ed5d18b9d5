#include "harness/coordinator/coordinator.h"

#include <utility>

#include "harness/control/coordinator_link.h"
#include "harness/coordinator/conductor.h"
#include "harness/coordinator/socket_folder.h"
#include "scenarios/plan/plan.h"

namespace squall::coordinator {

Result<reports::RunRecord> run_scenario(const scenarios::ParsedScenario& parsed,
                                        const RunOptions& options, const StopRequest& stop,
                                        const RunObserver& observe) {
  SQUALL_TRY(auto plan, scenarios::compile(parsed.scenario));
  SQUALL_TRY(const auto folder, SocketFolder::make());
  SQUALL_TRY(const auto link, control::CoordinatorLink::listen(folder.address()));
  Conductor conductor(parsed, std::move(plan), options, stop, observe, *link);
  return std::move(conductor).run(folder.address());
}

}  // namespace squall::coordinator
