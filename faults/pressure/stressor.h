#pragma once

#include "faults/pressure/pressure_report.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// What presses on one resource, in a process of its own.
///
/// Lifecycle:  step() again and again, each soon after the time that the one before answered with;
///             all ends with the process, and with the object.
/// Threads:    one; what works beside it is its own affair.
/// Errors:     step() fails when it cannot press at all, which ends the process.
class Stressor {
 public:
  Stressor() = default;
  Stressor(const Stressor&) = delete;
  Stressor& operator=(const Stressor&) = delete;
  virtual ~Stressor() = default;

  /// Presses a little further, for some tens of milliseconds at most; says when it wants to again.
  virtual Result<Duration> step() = 0;
  /// What is measured now.
  virtual PressureReport look() = 0;
};

}  // namespace squall::faults
