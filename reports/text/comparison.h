#pragma once

#include <string>
#include <string_view>

#include "reports/compare/comparison.h"
#include "reports/text/summary_style.h"

namespace squall::reports {

/// What `squall compare` prints: the verdict, its reasons and remarks, and a table of all figures
/// with their intervals.
std::string write_comparison(const Comparison& comparison, const SummaryStyle& style);

/// The same as a section of a run's summary, under `heading`; reasons stand in the summary's head.
std::string comparison_section(const Comparison& comparison, std::string_view heading,
                               const SummaryStyle& style);

}  // namespace squall::reports
