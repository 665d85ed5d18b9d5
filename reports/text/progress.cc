#include "reports/text/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "reports/judge/words.h"
#include "reports/text/layout.h"

namespace squall::reports {
namespace {

constexpr std::size_t kNarrowestBar = 10;
constexpr std::size_t kWidestBar = 60;

std::string whole_seconds(Duration length) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(std::max(length, Duration{}));
  return thousands(static_cast<std::uint64_t>(seconds.count())) + " s";
}

/// "12 s of 60 s", "starting", "draining".
std::string where(const Progress& progress) {
  if (progress.elapsed < Duration{}) return "starting";
  if (progress.elapsed >= progress.length) return "draining, " + whole_seconds(progress.elapsed);
  return whole_seconds(progress.elapsed) + " of " + whole_seconds(progress.length);
}

std::string rates(const LoadProgress& load) {
  return rate_in_words(load.completed) + (load.open ? " of " + rate_in_words(load.due) : "");
}

std::string latency(const LoadProgress& load, Duration value, const SummaryStyle& style) {
  return load.has_latency ? in_three_digits(value, style.unicode) : "-";
}

std::string errors(const LoadProgress& load) {
  std::string rate = rate_in_words(load.errors);
  return rate.substr(0, rate.size() - 2) + " errors/s";
}

/// "in force: pause, lossy-uplink"; empty when none is.
std::string in_force(const Progress& progress) {
  std::vector<std::string> labels;
  for (const FaultBand& fault : progress.faults) {
    if (fault.in_force) labels.push_back(fault.label);
  }
  return labels.empty() ? "" : fmt::format("in force: {}", fmt::join(labels, ", "));
}

/// "ok, 12 % of its budget spent", "missed so far, 340 % of its budget spent, burning 14.4 x".
std::string standing(const ObjectiveProgress& objective) {
  using Answer = ObjectiveResult::Answer;
  std::string words;
  switch (objective.answer) {
    case Answer::kNoSamples:
      return "no samples yet";
    case Answer::kTooFew:
      words = "too few samples yet";
      break;
    case Answer::kMet:
      words = "met so far";
      break;
    case Answer::kMissed:
      words = "missed so far";
      break;
  }
  words += fmt::format(", {} of its budget spent", percent_up(objective.budget_share));
  if (objective.burn_rate > 0) {
    words += std::isfinite(objective.burn_rate)
                 ? fmt::format(", burning at {:.1f}", objective.burn_rate)
                 : ", burning";
  }
  return words;
}

bool touches(const FaultBand& fault, Duration from, Duration to) {
  return fault.from < to && (fault.to > from || (fault.to == fault.from && fault.from >= from));
}

std::string bar(const Progress& progress, std::size_t width, const SummaryStyle& style) {
  const auto at = [&](std::size_t cell) {
    return Duration(progress.length.count() / static_cast<std::int64_t>(width) *
                    static_cast<std::int64_t>(cell));
  };
  std::string out;
  for (std::size_t cell = 0; cell < width; ++cell) {
    const bool is_past = progress.elapsed >= at(cell + 1);
    const bool is_fault =
        std::any_of(progress.faults.begin(), progress.faults.end(),
                    [&](const FaultBand& fault) { return touches(fault, at(cell), at(cell + 1)); });
    const std::string_view mark = style.unicode
                                      ? (is_past ? (is_fault ? "▓" : "█") : (is_fault ? "▒" : "░"))
                                      : (is_past ? (is_fault ? "#" : "=") : (is_fault ? "!" : "."));
    out += painted(mark, is_fault ? Paint::kRed : Paint::kPlain, style);
  }
  return out;
}

std::string head(const Progress& progress, const SummaryStyle& style) {
  const std::string before = where(progress);
  const Duration left = progress.length - std::max(progress.elapsed, Duration{});
  const std::string after =
      left > Duration{} ? whole_seconds(std::chrono::ceil<std::chrono::seconds>(left)) + " left"
                        : "";
  const std::size_t taken = width_of(before) + width_of(after) + 4;
  if (style.columns < taken + kNarrowestBar) {
    return cut_to(before + "  " + after, style.columns, style.unicode);
  }
  const std::size_t width = std::min(style.columns - taken, kWidestBar);
  return before + "  " + bar(progress, width, style) + "  " + after;
}

/// A line for each objective; its colour says how it does.
void write_objectives(const Progress& progress, const SummaryStyle& style, std::string& out) {
  using Answer = ObjectiveResult::Answer;
  std::size_t width = 0;
  for (const auto& objective : progress.objectives) {
    width = std::max(width, width_of(objective.name));
  }
  for (const ObjectiveProgress& objective : progress.objectives) {
    const bool is_missed = objective.answer == Answer::kMissed;
    const bool is_met = objective.answer == Answer::kMet;
    const std::string_view mark = style.unicode ? (is_missed ? "✗"
                                                   : is_met  ? "✓"
                                                             : "·")
                                                : (is_missed ? "x"
                                                   : is_met  ? "+"
                                                             : ".");
    const std::string line = cut_to(
        fmt::format("  {} {}  {}", mark, filled_right(objective.name, width), standing(objective)),
        style.columns, style.unicode);
    const Paint paint = is_missed                 ? Paint::kRed
                        : objective.burn_rate > 1 ? Paint::kYellow
                                                  : Paint::kPlain;
    out += painted(line, paint, style) + "\n";
  }
}

}  // namespace

std::string progress_line(const Progress& progress, const SummaryStyle& style) {
  std::vector<std::string> parts;
  if (!progress.search.empty()) parts.push_back(progress.search);
  for (const LoadProgress& load : progress.loads) {
    parts.push_back(fmt::format("{} {}, p50 {}, p99 {}, {}", load.name, rates(load),
                                latency(load, load.p50, style), latency(load, load.p99, style),
                                errors(load)));
  }
  for (const ObjectiveProgress& objective : progress.objectives) {
    parts.push_back(objective.name + " " + standing(objective));
  }
  if (progress.backlog > 0) parts.push_back("backlog " + thousands(progress.backlog));
  if (std::string faults = in_force(progress); !faults.empty()) parts.push_back(std::move(faults));
  if (!progress.bottleneck.empty()) parts.push_back(progress.bottleneck);
  const std::string place = where(progress);
  return parts.empty() ? place : fmt::format("{}: {}", place, fmt::join(parts, "; "));
}

std::string progress_block(const Progress& progress, const SummaryStyle& style) {
  std::string out = head(progress, style) + "\n";
  if (!progress.search.empty()) {
    const std::string line = cut_to("  " + progress.search, style.columns, style.unicode);
    out += painted(line, Paint::kBold, style) + "\n";
  }
  std::size_t name_width = 0;
  std::size_t rate_width = 0;
  for (const LoadProgress& load : progress.loads) {
    name_width = std::max(name_width, width_of(load.name));
    rate_width = std::max(rate_width, width_of(rates(load)));
  }
  for (const LoadProgress& load : progress.loads) {
    std::string line = fmt::format(
        "  {}  {}  p50 {}  p99 {}  {}", filled_right(load.name, name_width),
        filled_left(rates(load), rate_width), filled_left(latency(load, load.p50, style), 7),
        filled_left(latency(load, load.p99, style), 7), errors(load));
    line = cut_to(line, style.columns, style.unicode);
    out += painted(line, load.errors.per_second > 0 ? Paint::kYellow : Paint::kPlain, style) + "\n";
  }
  write_objectives(progress, style, out);
  std::string last = in_force(progress);
  if (progress.backlog > 0) {
    last += (last.empty() ? "" : "; ") + ("backlog " + thousands(progress.backlog));
  }
  if (!last.empty()) {
    out += painted(cut_to("  " + last, style.columns, style.unicode), Paint::kRed, style) + "\n";
  }
  if (!progress.bottleneck.empty()) {
    const std::string line = cut_to("  " + progress.bottleneck, style.columns, style.unicode);
    out += painted(line, Paint::kYellow, style) + "\n";
  }
  return out;
}

}  // namespace squall::reports
