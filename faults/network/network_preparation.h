#pragma once

#include <optional>
#include <string>
#include <vector>

#include "faults/network/network_fault.h"
#include "faults/network/network_plan.h"
#include "faults/spec/network_spec.h"
#include "harness/base/result.h"

namespace squall::faults {

/// What is there before a fault, and what it will do.
struct Preparation {
  /// What bears our marks already; none where one is in force.
  std::optional<std::vector<std::string>> marks;
  NetworkPlan plan;
};

/// Looks at the kernel and at the faults in force, and plans. Changes nothing.
Result<Preparation> prepare(const NetworkSite& site, const NetworkFault& fault);

/// Waits until no fault whose end is due stands where this one would be, or for 10 s.
void wait_for_those_that_end(const NetworkSite& site, const NetworkFault& fault);

/// Whether there is such a one.
bool has_to_wait(const NetworkSite& site, const NetworkFault& fault);

/// "PID_TICKS_" of table "squall_PID_TICKS_n".
std::string owner_in(const std::string& table);

}  // namespace squall::faults
