#pragma once

#include <string>

#include "reports/judge/run_result.h"

namespace squall::reports {

/// `report.html`: the whole run as one file that needs no network and no other file.
///
/// Style, program and charts are bundled in when squall is built (reports/html/page); the figures
/// follow as JSON: `results` as results.json has them, `detail` from page_detail(). No name in a
/// scenario can end the JSON early, and the page's Content-Security-Policy lets no other script
/// run and nothing be fetched.
std::string write_html(const RunResult& result);

}  // namespace squall::reports
