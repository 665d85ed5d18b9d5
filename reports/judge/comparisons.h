#pragma once

#include <string>

#include "reports/compare/compare.h"
#include "reports/judge/run_result.h"

namespace squall::reports {

/// What a comparison looks at of a judged run; `text` is its scenario's.
ComparedRun compared_run(const RunResult& result, std::string text);
ComparedLoad compared_load(const LoadResult& load);

/// Puts the comparison with a baseline into the result, and what follows from it into the verdict:
/// worse is a failed run, and not comparable one that cannot be trusted, because somebody asked.
void take_baseline(Comparison comparison, RunResult& result);

/// Compares each canary with its control; what follows from it is the same.
void judge_canaries(const RunRecord& record, RunResult& result);

}  // namespace squall::reports
