#pragma once

#include <string>
#include <string_view>

#include "reports/judge/run_result.h"

namespace squall::reports {

/// The text of junit.xml: one suite named after the scenario, with a case for the verdict, one for
/// each objective and one for each application of a fault.
///
/// A missed objective is a <failure>, as is a verdict of fail; every other verdict that is not
/// pass, and a fault that went wrong, is an <error>; a fault to which the run never came is
/// <skipped>.
std::string write_junit(const RunResult& result);

/// `text` as it may stand in XML 1.0, in an element or between double quotes. What XML has no
/// character for, and what is not UTF-8, becomes U+FFFD.
std::string xml_escaped(std::string_view text);

}  // namespace squall::reports
