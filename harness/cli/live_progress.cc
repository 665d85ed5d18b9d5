#include "harness/cli/live_progress.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "harness/cli/terminal.h"
#include "reports/judge/trust.h"
#include "scenarios/plan/plan.h"

namespace squall::cli {
namespace {

using namespace std::chrono_literals;

/// Between plain lines.
constexpr Duration kLineEvery = 5s;

reports::LoadProgress load_progress(const reports::Ledger& ledger, const generators::LoadSpec& load,
                                    std::int64_t second) {
  const reports::SecondCell cell = ledger.sum(load.name, second, second + 1);
  reports::LoadProgress progress;
  progress.name = load.name;
  progress.open = load.is_open();
  progress.due = {static_cast<double>(cell.due)};
  progress.completed = {static_cast<double>(cell.completed)};
  progress.errors = {static_cast<double>(cell.completed - cell.ok)};
  const reports::Histogram& response = cell.of(reports::Metric::kResponse);
  progress.has_latency = !response.empty();
  if (progress.has_latency) {
    progress.p50 = response.at_percentile(50);
    progress.p99 = response.at_percentile(99);
  }
  return progress;
}

bool is_in_force(const reports::FaultRecord& fault) {
  return fault.state == reports::FaultRecord::State::kInForce && !fault.to;
}

}  // namespace

reports::Progress progress_of(const coordinator::RunView& view) {
  const reports::RunRecord& record = view.record;
  reports::Progress progress;
  progress.elapsed = view.elapsed;
  progress.length = record.plan.length;
  std::int64_t last_second = -1;
  for (const auto& [agent, seconds] : record.ledger.health()) {
    if (!seconds.empty()) last_second = std::max(last_second, seconds.rbegin()->first);
    if (!seconds.empty()) progress.backlog += seconds.rbegin()->second.backlog;
  }
  progress.search = view.search;
  progress.bottleneck = reports::bottleneck_in(record, last_second).value_or("");
  for (const generators::LoadSpec& load : record.scenario.loads) {
    progress.loads.push_back(load_progress(record.ledger, load, last_second));
  }
  for (const scenarios::ObjectiveSpec& objective : record.scenario.objectives) {
    const auto found = view.objectives.find(objective.name);
    if (found == view.objectives.end()) continue;
    // A search wants its objectives to be missed: how they do over all of it says nothing.
    const auto& capacity = record.scenario.capacity;
    if (capacity && scenarios::is_searched(objective, *capacity)) continue;
    progress.objectives.push_back({.name = objective.name,
                                   .answer = found->second.answer,
                                   .budget_share = found->second.budget_share,
                                   .burn_rate = found->second.burn_rate});
  }
  for (const scenarios::PlannedFault& planned : record.plan.faults) {
    const auto seen = std::find_if(
        record.faults.begin(), record.faults.end(),
        [&](const reports::FaultRecord& fault) { return fault.label == planned.label; });
    progress.faults.push_back({.label = planned.label,
                               .from = planned.from,
                               .to = planned.to.value_or(planned.from),
                               .in_force = seen != record.faults.end() && is_in_force(*seen)});
  }
  return progress;
}

LiveProgress::LiveProgress(std::FILE* stream, bool quiet)
    : stream_(stream), quiet_(quiet), is_terminal_(cli::is_terminal(stream)) {}

void LiveProgress::show(const coordinator::RunView& view) {
  if (quiet_) return;
  const reports::SummaryStyle style{.columns = terminal_columns(stream_),
                                    .color = shows_color(stream_),
                                    .unicode = shows_unicode()};
  const reports::Progress progress = progress_of(view);
  // The first time it stays on the screen: what follows cannot be trusted.
  if (!progress.bottleneck.empty() && !std::exchange(has_warned_, true)) {
    erase();
    fmt::print(stream_, "warning: {}\n", progress.bottleneck);
  }
  if (is_terminal_) {
    const std::string block = reports::progress_block(progress, style);
    erase();
    fmt::print(stream_, "{}", block);
    lines_ = static_cast<std::size_t>(std::count(block.begin(), block.end(), '\n'));
  } else if (view.elapsed >= next_line_) {
    fmt::print(stream_, "{}\n", reports::progress_line(progress, style));
    next_line_ = view.elapsed + kLineEvery;
  }
  std::fflush(stream_);
}

void LiveProgress::finish() {
  erase();
  std::fflush(stream_);
}

void LiveProgress::erase() {
  // ECMA-48: cursor up, then erase to the end of the screen.
  if (lines_ > 0) fmt::print(stream_, "\033[{}A\033[J", lines_);
  lines_ = 0;
}

}  // namespace squall::cli
