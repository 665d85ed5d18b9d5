#pragma once

#include <nlohmann/json.hpp>

#include "reports/compare/comparison.h"

namespace squall::reports {

/// A comparison as `compare --json` and results.json tell it. Times are milliseconds, shares 0 to
/// 1; what is not known, and an end of an interval that nothing bounds, is null.
nlohmann::ordered_json comparison_json(const Comparison& comparison);

/// The text of it, as results.json is written.
std::string write_comparison_json(const Comparison& comparison);

}  // namespace squall::reports
