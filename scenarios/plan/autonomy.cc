#include "scenarios/plan/autonomy.h"

#include <algorithm>

namespace squall::scenarios {

Duration may_be_silent_until(const Plan& plan, Duration heard, Duration patience) {
  Duration until = heard + patience;
  // In the order in which they begin, so that one may lead on to the next.
  for (const PlannedFault& fault : plan.faults) {
    if (!fault.autonomous || !fault.to || *fault.to <= heard) continue;
    // A row of the matrix may begin at any time before it is planned.
    const Duration from = fault.row > 0 ? Duration::zero() : fault.from;
    if (from < until) until = std::max(until, *fault.to + patience);
  }
  return until;
}

}  // namespace squall::scenarios
