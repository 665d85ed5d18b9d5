#pragma once

#include "reports/judge/run_record.h"
#include "reports/judge/run_result.h"

namespace squall::reports {

/// Works out the steady states, and what each application of a fault that was in force did.
///
/// `result` has its loads, faults, and objectives with their alerts. A fault's harm is sought from
/// its begin until the service has recovered, a fault that began after its end begins, or the run
/// ends. It is detected by the first page alert or guard that fired in that time; where none did,
/// by the first page alert scaled down to the run; where none of these did either, when it could be
/// known of the first second that was not steady. All of these are dated by when the fate of the
/// requests was known, as guards see it, not by when they were due.
void judge_impact(const RunRecord& record, RunResult& result);

}  // namespace squall::reports
