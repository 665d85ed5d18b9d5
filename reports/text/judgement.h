#pragma once

#include <string>

#include "reports/judge/run_result.h"
#include "reports/text/summary_style.h"

namespace squall::reports {

/// A judge's sentence, which has microseconds as "µs", as the style can show it.
std::string shown(std::string sentence, const SummaryStyle& style);

/// The lines below an objective: its budget for a longer time, and each alert that would have
/// fired.
std::string budget_and_alerts(const ObjectiveResult& objective, const SummaryStyle& style);

/// The section on guards and probes; empty when the scenario has none.
std::string guards_and_probes(const RunResult& result, const SummaryStyle& style);

}  // namespace squall::reports
