#pragma once

#include "reports/judge/run_record.h"
#include "reports/judge/run_result.h"

namespace squall::reports {

/// Judges a probe by its answers: each must be good; or each before the first fault and after the
/// last one's end; or none bad for as long as it may not be down. One that was never asked, where
/// it counts, is not met.
ProbeResult judge_probe(const scenarios::ProbeSpec& probe, const RunRecord& record);

}  // namespace squall::reports
