#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "harness/base/units.h"
#include "scenarios/plan/plan.h"

namespace squall::agent {

/// Something to be done to a fault at a moment of the timeline.
struct FaultStep {
  enum class Kind { kApply, kUndo };
  Duration at{};
  Kind kind = Kind::kApply;
  std::size_t fault = 0;  ///< Index into the planned faults.
  bool operator==(const FaultStep&) const = default;
};

/// Says what is to be applied and undone when. At one moment, undoing comes first.
///
/// Lifecycle:  a value, made from the plan; next() and pop() walk through it once.
/// Threads:    one owner at a time. Errors: none. Holds no clock.
class FaultTimeline {
 public:
  explicit FaultTimeline(const std::vector<scenarios::PlannedFault>& faults);

  /// The step that comes next; none when all are taken.
  std::optional<FaultStep> next() const;
  /// Takes the next step, if it is due by `now`.
  std::optional<FaultStep> pop(Duration now);
  /// Leaves out what is still to come of this fault.
  void drop(std::size_t fault);

 private:
  std::vector<FaultStep> steps_;  // In order.
  std::size_t taken_ = 0;
};

}  // namespace squall::agent
