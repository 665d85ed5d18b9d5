#pragma once

#include <string_view>

#include "harness/base/result.h"
#include "reports/compare/compared_run.h"

namespace squall::reports {

/// Reads of a results.json what a comparison looks at, all but the histograms. Untrusted input:
/// answers an Error that names the key for whatever it cannot take. What older versions did not
/// write (the machine, objectives by second) is missing in the answer.
Result<ComparedRun> read_results(std::string_view text);

}  // namespace squall::reports
