#pragma once

#include <filesystem>
#include <string>

#include "harness/base/result.h"
#include "reports/judge/run_record.h"
#include "reports/judge/run_result.h"

namespace squall::reports {

/// Writes the files of a run into a folder that is there. results.json comes last: where it is, the
/// run is whole. Errors: what keeps one of them from being written.
Result<void> write_run_files(const std::filesystem::path& folder, const RunRecord& record,
                             const RunResult& result, const std::string& scenario_text);

}  // namespace squall::reports
