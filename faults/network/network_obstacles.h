#pragma once

#include "faults/network/network_plan.h"
#include "faults/spec/network_spec.h"
#include "harness/base/result.h"

namespace squall::faults {

// What a fault does to the packets that it meets.
bool loses(const NetworkFault& fault);
bool shapes(const NetworkFault& fault);  ///< They arrive, but late, altered or slowly.
/// Only behind its socket is it known whose a packet is: not at the interface.
bool is_by_cgroup(const NetworkFault& fault);

/// Whether `fault` cannot begin on the interface of `other` before that has gone, or got further.
bool stands_in_the_way(const HeldFault& other, const NetworkFault& fault);

/// Fails when the fault names whom one must always be able to speak with (why_protected()).
Result<void> check_protected(const NetworkFault& fault, const NetworkFacts& facts);

/// Fails with what a kernel that can do only this lacks.
Result<void> check_capabilities(const NetworkFault& fault, const Capabilities& can);

}  // namespace squall::faults
