#pragma once

#include <string>
#include <vector>

#include "faults/network/network_plan.h"
#include "faults/network/networks.h"
#include "harness/base/result.h"

namespace squall::faults {

/// Tries each out in `scratch`, a namespace that nobody else is in, with the interface lo. What
/// cannot be done is not there; only a namespace that does not answer is an error.
Result<Capabilities> probe_capabilities(Network& scratch);

/// The same in a namespace made for it.
Result<Capabilities> probe_this_kernel();

/// "netem: yes (delay, jitter, …)", a line each.
std::vector<std::string> describe(const Capabilities& capabilities);

}  // namespace squall::faults
