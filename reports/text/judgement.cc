#include "reports/text/judgement.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "reports/judge/words.h"
#include "reports/text/layout.h"

namespace squall::reports {
namespace {

/// "3.9 d": a forecast, to a tenth of the largest unit that fits.
std::string roughly(Duration length) {
  using namespace std::chrono_literals;
  constexpr std::array<std::pair<Duration, std::string_view>, 3> kUnits = {
      {{24h, "d"}, {1h, "h"}, {1min, "min"}}};
  for (const auto& [unit, name] : kUnits) {
    if (length >= unit)
      return fmt::format("{:.1f} {}", to_seconds(length) / to_seconds(unit), name);
  }
  return in_three_digits(length);
}

/// "page 1 h and 5 min fired at 21.4 s, over at 25.9 s".
std::string alert_in_words(const BurnAlert& alert) {
  std::vector<std::string> times;
  for (const Firing& firing : alert.firings) {
    times.push_back(fmt::format(
        "fired at {}{}", window_in_words(firing.from),
        firing.to ? ", over at " + window_in_words(*firing.to) : std::string(", to the end")));
  }
  return fmt::format("{} {} and {} {}", to_string(alert.rule.severity),
                     window_in_words(alert.rule.long_window),
                     window_in_words(alert.rule.short_window), fmt::join(times, "; "));
}

/// The alerts that would have fired, a line each.
void write_alerts(const ObjectiveResult& objective, const SummaryStyle& style, std::string& out) {
  const auto write = [&](const std::vector<BurnAlert>& alerts, std::string_view kind) {
    for (const BurnAlert& alert : alerts) {
      if (alert.firings.empty()) continue;
      out += wrapped("    ", fmt::format("{} {}", kind, alert_in_words(alert)), style);
    }
  };
  write(objective.burn.alerts, "alert:");
  write(objective.burn.scaled, "alert, scaled to the run:");
  for (const BurnRule& rule : objective.burn.left_out) {
    out +=
        wrapped("    ",
                fmt::format("alert, scaled to the run: {} {} and {} is left out, as both windows "
                            "would be 1 s",
                            to_string(rule.severity), window_in_words(rule.long_window),
                            window_in_words(rule.short_window)),
                style);
  }
}

/// "the run's rate of 100/s", "the stated rate of 1,200/s".
std::string rate_of(const ObjectiveResult& objective, const PeriodBudget& budget) {
  if (objective.unit != "request") return "the run's rate";
  return fmt::format("{} rate of {}", budget.is_rate_stated ? "the stated" : "the run's",
                     rate_in_words({budget.rate}));
}

void write_period(const ObjectiveResult& objective, const SummaryStyle& style, std::string& out) {
  if (!objective.period) return;
  const PeriodBudget& budget = *objective.period;
  std::string words =
      fmt::format("{} bad {}s allowed at {}, of which this run spent {}",
                  thousands(static_cast<std::uint64_t>(budget.allowed)), objective.unit,
                  rate_of(objective, budget), budget.share > 0 ? percent_up(budget.share) : "none");
  if (budget.lasts) {
    words += "; were it always as in this run, the budget would last " + roughly(*budget.lasts);
  }
  out += wrapped("    ", fmt::format("in {}: {}", window_in_words(budget.period), words), style);
}

}  // namespace

std::string shown(std::string sentence, const SummaryStyle& style) {
  constexpr std::string_view kMicro = "µ";
  if (style.unicode) return sentence;
  for (auto at = sentence.find(kMicro); at != std::string::npos; at = sentence.find(kMicro, at)) {
    sentence.replace(at, kMicro.size(), "u");
  }
  return sentence;
}

std::string budget_and_alerts(const ObjectiveResult& objective, const SummaryStyle& style) {
  std::string out;
  write_period(objective, style, out);
  write_alerts(objective, style, out);
  return out;
}

std::string guards_and_probes(const RunResult& result, const SummaryStyle& style) {
  if (result.guards.empty() && result.probes.empty()) return "";
  std::string out = "\n" + painted("guards and probes", Paint::kBold, style) + "\n";
  const auto write = [&](bool is_well, const std::string& words) {
    const std::string_view mark = style.unicode ? (is_well ? "✓" : "✗") : (is_well ? "+" : "x");
    std::string lines = wrapped(fmt::format("  {} ", mark), words, style);
    lines.pop_back();
    out += painted(lines, is_well ? Paint::kPlain : Paint::kRed, style) + "\n";
  };
  for (const GuardResult& guard : result.guards) {
    write(!guard.tripped,
          guard.tripped
              ? fmt::format("{} tripped at {}: {}", guard.name, window_in_words(*guard.tripped),
                            shown(guard.sentence, style))
              : fmt::format("{} did not trip; its condition: {}", guard.name, guard.condition));
  }
  for (const ProbeResult& probe : result.probes) write(probe.met, shown(probe.sentence, style));
  return out;
}

}  // namespace squall::reports
