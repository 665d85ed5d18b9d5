#pragma once

#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "reports/judge/run_record.h"
#include "reports/measure/histogram.h"
#include "reports/measure/outcome.h"

namespace squall::reports {

/// The text of histograms.hlog: an HdrHistogram log (version 1.3 of the format, histograms in
/// their compressed V2 encoding) with a line for each load, metric and second that has anything.
///
/// The tag of a line is the load's name for its `response`, and "LOAD.service", "LOAD.ttfb", … for
/// the other metrics. Timestamps are seconds from the start of the load, to which StartTime is to
/// be added; values are microseconds, but Interval_Max, as usual, milliseconds. Fails only for want
/// of memory.
Result<std::string> write_hlog(const RunRecord& record);

/// The tag of a load's metric.
std::string hlog_tag(std::string_view load, Metric metric);

/// The histogram as a log line holds it: V2, deflated by zlib, in base64.
Result<std::string> compressed_base64(const Histogram& histogram);

}  // namespace squall::reports
