#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "reports/compare/compared_run.h"
#include "reports/measure/histogram.h"

namespace squall::reports {

/// A line of a histogram log: what its tag recorded in the second that begins at `second`.
using HlogVisitor =
    std::function<void(std::string_view tag, std::int64_t second, const Histogram& histogram)>;

/// Reads a histogram log as write_hlog() writes it and calls `visit` for each line whose tag
/// `is_wanted`; others are passed over unread. Untrusted input: answers an Error, with the number
/// of the line, for whatever it cannot take; what was visited before that stays visited.
Result<void> read_hlog(std::string_view text,
                       const std::function<bool(std::string_view tag)>& is_wanted,
                       const HlogVisitor& visit);

/// Puts the `response` histograms of a log into the seconds of the loads of `run`. Seconds in which
/// a load was not on offer are passed over.
Result<void> add_responses(std::string_view text, ComparedRun& run);

/// What compressed_base64() wrote. Untrusted input.
Result<Histogram> from_compressed_base64(std::string_view text);

}  // namespace squall::reports
