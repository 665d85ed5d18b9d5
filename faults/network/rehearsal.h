#pragma once

#include <string>
#include <vector>

#include "faults/network/network_plan.h"
#include "faults/spec/network_spec.h"
#include "harness/base/result.h"
#include "harness/base/units.h"

namespace squall::faults {

/// One application of a network fault, with when it will be in force.
struct RehearsedFault {
  std::string label;
  NetworkFault fault;
  NetworkFacts now;  ///< What is there before any of them.
  std::string name;  ///< In which its own names end, as for plan_network().
  Duration from{};
  Duration to{};
};

/// Plans all of them as they will come and go: each finds there those that are in force when it
/// begins, and its undo leaves what those need that outlast it. An answer for each, in their order;
/// one that fails is passed over by the others. What may be otherwise, since one before it is still
/// being undone, is among its notes. Those of one fault, which are one at a time, may
/// have one name.
std::vector<Result<NetworkPlan>> rehearse(const std::vector<RehearsedFault>& faults);

}  // namespace squall::faults
