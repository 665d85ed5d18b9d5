#pragma once

#include "faults/spec/network_spec.h"

namespace squall::faults {

/// Whether there could be a packet that both faults meet, were they in force on one interface:
/// going the same way, with addresses, ports and transports that both name or leave open.
bool may_meet_the_same(const NetworkFault& one, const NetworkFault& other);

}  // namespace squall::faults
