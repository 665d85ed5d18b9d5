#pragma once

#include <cstdint>
#include <string>

#include "reports/judge/run_result.h"
#include "scenarios/model/scenario.h"

namespace squall::reports {

/// What an objective asks for: "99 % of responses within 250 ms", "p99.9 at most 500 ms".
std::string objective_text(const scenarios::ObjectiveSpec& objective);

/// What came of it: "fast: 98.9 % within 250 ms, goal 99 %: 11 of 1,000 requests were bad, 10
/// allowed". `least` is how many samples it needs; `has_no_stretch` says that there were no seconds
/// for it to look at.
std::string objective_sentence(const scenarios::ObjectiveSpec& objective,
                               const ObjectiveResult& result, std::uint64_t least,
                               bool has_no_stretch);

}  // namespace squall::reports
