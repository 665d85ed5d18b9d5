#include "harness/control/frugal_grpc.h"

#include <absl/synchronization/mutex.h>

namespace squall::control {

void be_frugal() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace squall::control
