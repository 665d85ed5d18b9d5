#include "reports/html/absences_html.h"

#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "reports/html/html_text.h"
#include "reports/judge/words.h"

namespace squall::reports {
namespace {

using Outcome = AbsenceResult::Outcome;

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--page:#f6f7f8;--panel:#fff;--ink:#171b20;--muted:#56606b;--line:#dfe3e7;
--good:#126335;--good-soft:#e3f4e9;--bad:#a81c1c;--bad-soft:#fdeaea;--warn:#8a4f00;--warn-soft:#fdf1dc;--link:#1d5fc4}
@media(prefers-color-scheme:dark){:root{--page:#111418;--panel:#191d22;--ink:#e8ebee;--muted:#9aa5b1;--line:#2c333b;
--good:#7ad69c;--good-soft:#14301f;--bad:#ff9a94;--bad-soft:#3d1816;--warn:#f2bf68;--warn-soft:#362709;--link:#8ab4f8}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1180px;margin:0 auto;padding:24px 16px}h1{font-size:24px;margin:0 0 4px}p{margin:4px 0;color:var(--muted)}
p.answer{color:var(--ink);font-size:17px;margin:12px 0 20px}a{color:var(--link)}
.scroll{overflow-x:auto;background:var(--panel);border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:10px 12px;text-align:right;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--muted);font-size:13px}tr:last-child td{border-bottom:0}
td:not(:last-child){white-space:nowrap}.kind{white-space:normal}th:nth-child(-n+2),td:nth-child(-n+2),th:last-child,td:last-child{text-align:left}td:last-child{min-width:22em}
.kind{display:block;color:var(--muted);font-size:13px}.chip{display:inline-block;padding:1px 9px;border-radius:99px;white-space:nowrap;font-weight:600;font-size:13px}
.good{background:var(--good-soft);color:var(--good)}.bad{background:var(--bad-soft);color:var(--bad)}.warn{background:var(--warn-soft);color:var(--warn)}
@media(max-width:720px){thead{display:none}table,tbody,tr,td{display:block}tr{padding:10px 12px;border-bottom:1px solid var(--line)}
td,td:last-child{border:0;padding:3px 0;text-align:left;min-width:0}td[data-head]::before{content:attr(data-head) ": ";color:var(--muted)}}
)";

std::string after(const std::optional<Duration>& length) {
  return length ? window_in_words(*length) : "\u2013";
}

std::string_view chip_of(Outcome outcome) {
  return outcome == Outcome::kSinglePoint ? "bad" : outcome == Outcome::kUnknown ? "warn" : "good";
}

std::string cell(std::string_view head, const std::string& text) {
  return fmt::format("<td data-head=\"{}\">{}</td>", head, html_escaped(text));
}

std::string row_of(const AbsenceResult& one) {
  const bool is_one = one.absence.members.size() == 1 && one.absence.members[0] == one.absence.name;
  const std::string kind =
      std::string(to_string(one.absence.kind)) +
      (is_one ? "" : fmt::format(": {}", fmt::join(one.absence.members, ", ")));
  const std::string ok =
      one.samples == 0
          ? "\u2013"
          : percent(1 - static_cast<double>(one.not_ok) / static_cast<double>(one.samples));
  std::string row =
      fmt::format("<tr><td><a href=\"{}/report.html\">{}</a><span class=\"kind\">{}</span></td>",
                  html_escaped(one.folder), html_escaped(one.absence.name), html_escaped(kind));
  row += fmt::format("<td><span class=\"chip {}\">{}</span></td>", chip_of(one.outcome),
                     to_string(one.outcome));
  row += cell("ok without it", ok) + cell("budget spent", budget_spent_in_words(one.budget_spent));
  row += cell("worst 10 s", percent_up(one.worst_not_ok) + " not ok");
  row += cell("worst p99", in_three_digits(one.worst_p99));
  row += cell("steady without it after", after(one.recovered_under));
  row += cell("recovered after its return", after(one.recovered));
  return row + "<td>" + html_escaped(one.sentence) + "</td></tr>\n";
}

}  // namespace

std::string write_absences_html(const std::string& scenario, const scenarios::AbsenceTiming& timing,
                                const std::vector<AbsenceResult>& ranked) {
  const bool is_killed = timing.way == scenarios::AbsenceTiming::Way::kKill;
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">";
  html += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">";
  html += fmt::format("<title>{}: single points of failure</title><style>{}</style></head>\n",
                      html_escaped(scenario), kStyle);
  html += fmt::format(
      "<body><main><h1>{}</h1>\n<p>Single points of failure: each part in turn {} "
      "at {} {}. Objectives are judged over the seconds without it.</p>\n",
      html_escaped(scenario), is_killed ? "killed" : "frozen", window_in_words(timing.from),
      is_killed ? "and not started again" : "for " + window_in_words(timing.length));
  html += "<p class=\"answer\">" + html_escaped(absences_sentence(ranked)) + ".</p>\n";
  html += "<div class=\"scroll\"><table><thead><tr>";
  for (const std::string_view head :
       {"Without", "Outcome", "ok without it", "budget spent", "worst 10 s", "worst p99",
        "steady without it after", "recovered after its return", "What happened"}) {
    html += fmt::format("<th>{}</th>", head);
  }
  html += "</tr></thead><tbody>\n";
  for (const AbsenceResult& one : ranked) html += row_of(one);
  return html + "</tbody></table></div></main></body></html>\n";
}

}  // namespace squall::reports
