#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/model/guard_spec.h"
#include "scenarios/model/objective_spec.h"
#include "scenarios/parse/values.h"

namespace squall::scenarios {

/// The names that a guard's condition may be about.
struct ConditionNames {
  std::vector<std::string> loads;
  std::vector<std::string> objectives;
};

/// Reads "browse.error_share > 20%", "available.burn_rate > 14.4", "browse.rate.sent < 95% of due",
/// "browse absent" or "agent.lost".
Parsed<GuardCondition> parse_condition(std::string_view text, const ConditionNames& names);

/// Reads "p99.9 < 500ms" or "max <= 2s".
Parsed<LimitSpec> parse_limit(std::string_view text);

/// The percentile that "p99.9" or "max" (100) names; a mistake for any other word.
Parsed<double> parse_percentile_name(std::string_view text);

constexpr Kind<LimitSpec> kLimit{"a limit such as p99.9 < 500ms", parse_limit};

}  // namespace squall::scenarios
