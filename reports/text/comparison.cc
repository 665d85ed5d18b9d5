#include "reports/text/comparison.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "reports/compare/compare.h"
#include "reports/judge/words.h"
#include "reports/text/judgement.h"
#include "reports/text/layout.h"

namespace squall::reports {
namespace {

Paint paint_of(ComparisonVerdict verdict) {
  switch (verdict) {
    case ComparisonVerdict::kSame:
    case ComparisonVerdict::kBetter:
      return Paint::kGreen;
    case ComparisonVerdict::kWorse:
      return Paint::kRed;
    case ComparisonVerdict::kNotComparable:
      return Paint::kYellow;
  }
  return Paint::kPlain;
}

std::string in_capitals(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

std::string interval_of(const Difference& difference) {
  if (difference.answer == Difference::Answer::kTooFew) return "";
  return fmt::format("{} to {}", change_in_words(difference, difference.low),
                     change_in_words(difference, difference.high));
}

std::string table_of(const Comparison& comparison, const SummaryStyle& style) {
  std::vector<std::vector<std::string>> rows = {
      {"figure", "A", "B", "change", "interval", "answer"}};
  for (const Difference& difference : comparison.differences) {
    if (!difference.a && !difference.b) continue;
    std::string name = difference.load;
    if (!difference.phase.empty()) name += " " + difference.phase;
    rows.push_back({name + " " + difference.figure, value_in_words(difference, difference.a),
                    value_in_words(difference, difference.b),
                    difference.change ? change_in_words(difference, difference.change) : "",
                    interval_of(difference), std::string(to_string(difference.answer))});
  }
  return rows.size() > 1 ? table(rows, 2, style) : "";
}

std::string notes(const Comparison& comparison, const SummaryStyle& style) {
  std::string out;
  for (const std::string& remark : comparison.remarks) {
    out += wrapped("  note: ", shown(remark, style), style);
  }
  return out;
}

std::string how(const Comparison& comparison, const SummaryStyle& style) {
  return wrapped("  ",
                 fmt::format("All intervals hold together with {} confidence; a change of up to {} "
                             "counts for nothing.",
                             percent(comparison.confidence), percent(comparison.tolerance)),
                 style);
}

}  // namespace

std::string write_comparison(const Comparison& comparison, const SummaryStyle& style) {
  std::string out = fmt::format(
      "{}  {} (B) {} {} (A)\n",
      painted(in_capitals(to_string(comparison.verdict)), paint_of(comparison.verdict), style),
      comparison.b, "compared with", comparison.a);
  for (const std::string& reason : comparison.reasons) {
    out += wrapped("  ", shown(reason, style), style);
  }
  out += notes(comparison, style);
  if (const std::string rows = table_of(comparison, style); !rows.empty()) {
    out += "\n" + rows + "\n" + how(comparison, style);
  }
  return out;
}

std::string comparison_section(const Comparison& comparison, std::string_view heading,
                               const SummaryStyle& style) {
  std::string out =
      fmt::format("\n{}: {}\n", painted(heading, Paint::kBold, style),
                  painted(to_string(comparison.verdict), paint_of(comparison.verdict), style));
  return out + notes(comparison, style) + table_of(comparison, style) + how(comparison, style);
}

}  // namespace squall::reports
