#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/units.h"
#include "reports/judge/run_result.h"
#include "reports/text/summary_style.h"

namespace squall::reports {

/// How one load does, over the last second or few.
struct LoadProgress {
  std::string name;
  bool open = true;
  Rate due;        ///< What fell due. Not told of a closed load, which follows its answers.
  Rate completed;  ///< What ended, well or not.
  bool has_latency = false;  ///< False while nothing has ended: p50 and p99 mean nothing then.
  Duration p50{};            ///< Of `response`.
  Duration p99{};
  Rate errors;
};

/// How an objective does so far.
struct ObjectiveProgress {
  std::string name;
  ObjectiveResult::Answer answer = ObjectiveResult::Answer::kNoSamples;
  double budget_share = 0;  ///< Spent of the budget that the plan gives; infinite where it is none.
  double burn_rate = 0;     ///< In the last second; 1 spends just the budget.
};

/// A stretch of the timeline in which a fault is, was or will be in force. Without a length: a
/// moment, `to` equal to `from`.
struct FaultBand {
  std::string label;
  Duration from{};
  Duration to{};
  bool in_force = false;  ///< Now.
};

/// Where a run is: what live progress shows.
struct Progress {
  Duration elapsed{};  ///< From the start of the load; negative while it is prepared.
  Duration length{};   ///< Of the plan. What comes after it is draining.
  std::vector<LoadProgress> loads;
  std::vector<FaultBand> faults;
  std::vector<ObjectiveProgress> objectives;
  std::uint64_t backlog = 0;  ///< Due requests that wait for a free stream, all loads.
  std::string search;         ///< "row 2 of 3, one-gone: probing 820/s"; empty: none.
  std::string bottleneck;     ///< How the generator holds up the load, in words; or empty.
};

/// Progress on one line without newline or colour, for logs: "12 s of 60 s: browse 999.8/s of …".
std::string progress_line(const Progress& progress, const SummaryStyle& style);

/// Progress as a block for a terminal, each line with its newline and no wider than the style says:
/// a bar with the faults marked in it, a line for each load, and one for the faults in force.
std::string progress_block(const Progress& progress, const SummaryStyle& style);

}  // namespace squall::reports
