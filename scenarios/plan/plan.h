#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/units.h"
#include "scenarios/model/scenario.h"

namespace squall::scenarios {

/// A load on the timeline. Offsets are from the start of the load.
struct PlannedLoad {
  std::string name;
  std::string target;
  Duration from{};
  Duration to{};
};

/// One application of a fault; `every` and the rows of a matrix give several, numbered from 1.
struct PlannedFault {
  std::string name;   ///< As in the scenario.
  std::string label;  ///< Unique: the name, or "name#2" for the second application.
  Duration from{};
  std::optional<Duration> to;  ///< None: it has no length (a KILL outside a matrix).
  std::string what;            ///< In words: "signal KILL to 1 of service web".
  std::size_t row = 0;         ///< Of the matrix, at whose begin it waits; 0: of none.
  bool autonomous = false;     ///< Agents and coordinator may be cut off from each other meanwhile.
};

/// A row of the matrix, at its latest: it begins when the one before it has its answer and is
/// undone, and ends when it has its own.
struct PlannedRow {
  std::string name;
  Duration from{};
  Duration to{};
};

/// A stretch of the timeline between two changes, in whole seconds: a second in which a fault is
/// in force at any moment belongs to the fault's phase.
struct Phase {
  std::string name;  ///< "before lossy-uplink", "during lossy-uplink", "after lossy-uplink".
  Duration from{};
  Duration to{};
};

/// The scenario compiled: everything at absolute offsets.
struct Plan {
  Duration length{};  ///< To the end of the last load or fault; draining not counted.
  std::vector<PlannedLoad> loads;
  std::vector<PlannedFault> faults;  ///< By start; those of a matrix as late as they may come.
  std::vector<PlannedRow> rows;      ///< Of the matrix, in order; the first is without faults.
  std::vector<Phase> phases;         ///< Contiguous, from 0 to `length` rounded up to seconds.

  /// The due rate of `load` at `offset`: of a split schedule its own part (0 for closed loads and
  /// outside its stages).
  static Rate rate_at(const generators::LoadSpec& load, Duration offset);
};

/// Resolves `after` chains and `every`; fails on a cycle, when a fault begins after the load has
/// ended, or when the plan is longer than safety.longest. The error's trail says all of it.
Result<Plan> compile(const Scenario& scenario);

/// The phases between the changes that `faults` make, for planned or for actual times.
/// A fault without a length is a change of one second. Names are unique: "during A (2)" is the
/// second stretch in which A alone is in force; "whole" is the only phase when nothing changes.
std::vector<Phase> phases_between(const std::vector<PlannedFault>& faults, Duration length);

/// The timeline as a person would draw it: a chart of the rate with bands for faults, at most
/// `columns` wide, plain ASCII unless `unicode`.
std::string draw(const Scenario& scenario, const Plan& plan, std::size_t columns, bool unicode);

/// The same as JSON text.
std::string to_json(const Scenario& scenario, const Plan& plan);

}  // namespace squall::scenarios
