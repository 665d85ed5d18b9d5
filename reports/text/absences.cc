#include "reports/text/absences.h"

#include <algorithm>

#include <fmt/format.h>

#include "reports/judge/words.h"
#include "reports/text/judgement.h"
#include "reports/text/layout.h"

namespace squall::reports {
namespace {

using Outcome = AbsenceResult::Outcome;

std::string after(const std::optional<Duration>& length) {
  return length ? window_in_words(*length) : "-";
}

std::string ok_share(const AbsenceResult& one) {
  if (one.samples == 0) return "-";
  return percent(1 - static_cast<double>(one.not_ok) / static_cast<double>(one.samples));
}

Paint paint_of(Outcome outcome) {
  return outcome == Outcome::kSinglePoint ? Paint::kRed
         : outcome == Outcome::kUnknown   ? Paint::kYellow
                                          : Paint::kPlain;
}

}  // namespace

std::string write_absences(const std::string& scenario, const std::vector<AbsenceResult>& ranked,
                           const SummaryStyle& style) {
  std::string out =
      painted(scenario, Paint::kBold, style) + ": " + absences_sentence(ranked) + "\n";
  if (ranked.empty()) return out;
  std::vector<std::vector<std::string>> rows = {
      {"without", "outcome", "ok", "budget spent", "worst p99", "steady without it", "recovered"}};
  for (const AbsenceResult& one : ranked) {
    rows.push_back({one.absence.name, std::string(to_string(one.outcome)), ok_share(one),
                    budget_spent_in_words(one.budget_spent),
                    in_three_digits(one.worst_p99, style.unicode), after(one.recovered_under),
                    after(one.recovered)});
  }
  out += "\n" + table(rows, 2, style) + "\n";
  std::size_t width = 0;
  for (const AbsenceResult& one : ranked) width = std::max(width, width_of(one.absence.name));
  for (const AbsenceResult& one : ranked) {
    std::string lines = wrapped("  " + filled_right(one.absence.name, width) + "  ",
                                shown(one.sentence, style), style);
    lines.pop_back();
    out += painted(lines, paint_of(one.outcome), style) + "\n";
  }
  return out;
}

}  // namespace squall::reports
