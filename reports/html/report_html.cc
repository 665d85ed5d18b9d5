#include "reports/html/report_html.h"

#include <string_view>

#include "reports/html/html_text.h"
#include "reports/html/page_bytes.h"
#include "reports/html/page_data.h"
#include "reports/json/results_json.h"

namespace squall::reports {
namespace {

// Inside <script>, only "</script" and "<!--" mean anything to an HTML parser (HTML §13.2.5.4), and
// both begin with a '<', which JSON has only inside strings, where it can be spelt as an escape.
std::string escape_json(const std::string& json) {
  std::string safe;
  safe.reserve(json.size() + json.size() / 64);
  for (const char c : json) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace

std::string write_html(const RunResult& result) {
  nlohmann::ordered_json data;
  data["results"] = results_json(result);
  data["detail"] = page_detail(result);
  // A scenario may hold bytes that are no UTF-8; they become U+FFFD rather than an exception.
  const std::string json =
      escape_json(data.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  const std::string title =
      html_escaped(result.scenario + ": " + std::string(to_string(result.verdict)));

  const PageBytes page = page_bytes();
  std::string html;
  html.reserve(page.before_title.size() + page.before_data.size() + page.end.size() + json.size() +
               title.size());
  html += page.before_title;
  html += title;
  html += page.before_data;
  html += json;
  html += page.end;
  return html;
}

}  // namespace squall::reports
