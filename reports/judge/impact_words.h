#pragma once

#include <optional>
#include <string>

#include "reports/judge/impact_result.h"
#include "reports/judge/run_record.h"

namespace squall::reports {

/// An impact in one sentence: "detected after 1.44 s (page alert …), recovered 2 s after its end;
/// …". `end` is the fault's, where it is known.
std::string impact_sentence(const FaultImpact& impact, const FaultRecord& fault,
                            std::optional<Duration> end);

}  // namespace squall::reports
