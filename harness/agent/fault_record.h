#pragma once

#include <string>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "reports/judge/run_record.h"

namespace squall::agent {

/// Notes why a fault is not, or is still, in force. One that failed never was; residue is, or may
/// be.
void fail(reports::FaultRecord& record, const Error& why);

/// Notes in what was seen of a fault that it was in force notably longer or shorter than it should
/// have been, by 50 ms at least, and by a tenth of its length or a second: "; in force for 357 ms,
/// 257 ms longer than asked for". One that was for less than half of its time is ineffective.
void note_length(reports::FaultRecord& record, Duration asked, Duration actual);

/// Says that other faults held its begin up, where that is worth a word.
void note_late(reports::FaultRecord& record, Duration late);

/// Of one that others held up until its time was over: it was never in force.
void note_never(reports::FaultRecord& record);

}  // namespace squall::agent
