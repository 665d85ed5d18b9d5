#pragma once

#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "reports/compare/compared_run.h"

namespace squall::cli {

/// Reads what a run left, to be compared: `path` is its folder (or a link to it, as runs/latest),
/// or the results.json in it. Beside that lie histograms.hlog, which must be there, and
/// scenario.yaml.
Result<reports::ComparedRun> read_run(const std::string& path);

/// A scenario's text in a form that comments, layout and its description do not change.
std::string canonical_scenario(std::string_view text);

}  // namespace squall::cli
