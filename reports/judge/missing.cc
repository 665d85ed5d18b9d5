#include "reports/judge/missing.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/judge/trust.h"
#include "reports/judge/words.h"

namespace squall::reports {

MissingFigures missing_of(const generators::LoadSpec& load, const RunRecord& record) {
  MissingFigures figures;
  std::vector<std::string> parts;
  double of_time = 0;
  for (const MissingPart& part : record.missing) {
    if (part.load != load.name || part.due == 0) continue;
    figures.due += part.due.value_or(0);
    of_time += part.share * to_seconds(part.to - part.from);
    parts.push_back(fmt::format("of {}'s from {:.1f} s to {:.1f} s", part.agent,
                                to_seconds(part.from), to_seconds(part.to)));
  }
  if (parts.empty()) return figures;
  const std::string why = fmt::format("(limit {}): nothing is known {}, which was lost",
                                      percent(trust::kMissing), fmt::join(parts, " and "));
  if (load.is_open()) {
    const auto all = static_cast<double>(record.ledger.total(load.name).due + figures.due);
    figures.share = static_cast<double>(figures.due) / all;
    figures.sentence = fmt::format("{}: {} that fell due by its schedule {} missing, {} of all {}",
                                   load.name, counted(figures.due, "request"),
                                   figures.due == 1 ? "is" : "are", percent_up(figures.share), why);
  } else {
    figures.share = of_time / to_seconds(load.length());
    figures.sentence = fmt::format("{}: {} of its users' time is missing {}", load.name,
                                   percent_up(figures.share), why);
  }
  return figures;
}

}  // namespace squall::reports
